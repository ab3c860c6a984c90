import com.acme.churn.Model
import org.apache.spark.sql.{Row, SparkSession}
import org.apache.spark.sql.types.{DoubleType, StructType}
import scala.collection.JavaConverters._

/** Scores a DataFrame where its rows are: each partition loads the model from the jar that Spark gave its executor. */
object Job {
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder().getOrCreate()
    val schema = StructType.fromDDL("id INT, age DOUBLE, income DOUBLE, city STRING, vip BOOLEAN")
    val rows = spark.read.option("header", "true").schema(schema).csv(args(0)).repartition(4)
    val scored = rows.rdd.mapPartitions { partition =>
      val model = Model.load()
      partition.map { row =>
        val request = row.schema.fieldNames.map(name => name -> row.get(row.fieldIndex(name))).toMap
        val values = model.row(request.asJava)
        Row(request("id"), model.margin(values, Array(0.0))(0), model.predict(values))
      }
    }
    val answer = new StructType().add("id", "int").add("margin", DoubleType).add("probability", DoubleType)
    spark.createDataFrame(scored, answer).orderBy("id").coalesce(1).write.option("header", "true").csv(args(1))
    spark.stop()
  }
}
