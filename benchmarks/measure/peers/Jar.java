import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import mlconvert.runtime.Model;

/**
 * mlconvert's jar, on the class path, in a warm JVM.
 *
 * <p>java -cp model.jar Jar.java ROWS, where the rows are little-endian doubles. Beside what every peer answers, `load` answers with the
 * milliseconds of loading the model once more.
 */
public final class Jar {
    private static final int CHECKED = 64;

    public static void main(String[] arguments) throws Exception {
        Model model = Model.load();
        double[] rows = read(Path.of(arguments[0]));
        int columns = model.schema().columns().size();
        int count = rows.length / columns;
        double[][] single = new double[Math.min(count, 2000)][];
        for (int i = 0; i < single.length; i++) {
            single[i] = Arrays.copyOfRange(rows, i * columns, (i + 1) * columns);
        }
        double[] out = new double[count * model.schema().predictions()];
        for (int i = 0; i < 20; i++) {
            oneRow(model, single, out);
            batch(model, rows, out, count);
        }
        System.out.println("ready");
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            System.out.println(line.equals("check") ? check(model, single)
                    : "" + (line.equals("row") ? oneRow(model, single, out) : line.equals("load") ? load()
                            : batch(model, rows, out, count)));
        }
    }

    private static double[] read(Path file) throws Exception {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        double[] values = new double[bytes.remaining() / 8];
        bytes.asDoubleBuffer().get(values);
        return values;
    }

    private static double oneRow(Model model, double[][] rows, double[] out) {
        int passes = Math.max(1, 20_000 / rows.length);
        long[] taken = new long[passes * rows.length];
        for (int i = 0; i < taken.length; i++) {
            double[] row = rows[i % rows.length];
            long start = System.nanoTime();
            model.predict(row, out);
            taken[i] = System.nanoTime() - start;
        }
        Arrays.sort(taken);
        return taken[taken.length / 2] / 1000.0;
    }

    private static double batch(Model model, double[] rows, double[] out, int count) {
        long start = System.nanoTime();
        model.predictBatch(rows, out);
        return (System.nanoTime() - start) / 1000.0 / count;
    }

    private static double load() {
        long start = System.nanoTime();
        Model.load();
        return (System.nanoTime() - start) / 1e6;
    }

    private static String check(Model model, double[][] rows) {
        double[][] found = model.predictBatch(Arrays.copyOf(rows, Math.min(rows.length, CHECKED)));
        StringBuilder line = new StringBuilder("[");
        for (double[] row : found) {
            for (double value : row) {
                line.append(line.length() > 1 ? "," : "").append(value);
            }
        }
        return line.append("]").toString();
    }
}
