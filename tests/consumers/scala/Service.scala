import com.acme.churn.Model
import scala.collection.JavaConverters._
import scala.io.Source

/** Asks the model from Scala: each row of a CSV file is a request, with its values by name. */
object Service {
  private val model = Model.load()

  private def value(name: String, cell: String): Any = name match {
    case _ if cell.isEmpty => null
    case "city"            => cell
    case "vip"             => cell == "True"
    case _                 => cell.toDouble
  }

  def main(args: Array[String]): Unit = {
    val lines = Source.fromFile(args(0), "UTF-8").getLines()
    val names = lines.next().split(",")
    for (line <- lines) {
      val request = names.zip(line.split(",", -1)).map { case (name, cell) => name -> value(name, cell) }.toMap
      val row = model.row(request.asJava)
      println(s"${model.margin(row, Array(0.0))(0)},${model.predict(row)}")
    }
  }
}
