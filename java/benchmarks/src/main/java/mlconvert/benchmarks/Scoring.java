package mlconvert.benchmarks;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import mlconvert.runtime.Model;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Scores and loads one model, a {@code .forest} file or a jar.
 *
 * <p>{@code java -jar java/benchmarks/target/benchmarks.jar -p model=m.forest -p rows=rows.bin}; the rows are little-endian doubles, a
 * row behind the other.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class Scoring {
    /** The model's file. */
    @Param({})
    public String model;

    /** The file of rows. */
    @Param({})
    public String rows;

    private byte[] content;
    private Model loaded;
    private double[] all;
    private double[][] single;
    private double[] out;
    private int next;

    /** Reads both files. */
    @Setup
    public void open() throws IOException {
        content = Files.readAllBytes(Path.of(model));
        loaded = Model.load(content);
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(Path.of(rows))).order(ByteOrder.LITTLE_ENDIAN);
        all = new double[bytes.remaining() / Double.BYTES];
        bytes.asDoubleBuffer().get(all);
        int columns = loaded.schema().columns().size();
        single = new double[all.length / columns][];
        for (int i = 0; i < single.length; i++) {
            single[i] = Arrays.copyOfRange(all, i * columns, (i + 1) * columns);
        }
        out = new double[single.length * loaded.schema().predictions()];
    }

    /** One row, another each time. */
    @Benchmark
    public double[] row() {
        next = next + 1 < single.length ? next + 1 : 0;
        return loaded.predict(single[next], out);
    }

    /** All rows in one call. */
    @Benchmark
    @OutputTimeUnit(TimeUnit.MILLISECONDS)
    public double[] batch() {
        return loaded.predictBatch(all, out);
    }

    /** The model from its bytes, tables included. */
    @Benchmark
    @OutputTimeUnit(TimeUnit.MILLISECONDS)
    public Model load() {
        return Model.load(content);
    }
}
