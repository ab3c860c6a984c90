package mlconvert.driver;

import static java.lang.invoke.MethodType.methodType;

import java.io.IOException;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * The model of a jar, by the runtime that is in the jar itself: perhaps in another package, perhaps of another version. So it is
 * reached by name, as the public API that {@code mlconvert.runtime.Model} documents.
 */
final class Subject {
    private static final MethodType BATCH = methodType(double[].class, double[].class, double[].class);

    private final byte[] jar;
    private final MethodHandle load;
    private final MethodHandle predict;
    private final MethodHandle predictBatch;
    private final MethodHandle marginBatch;
    private final MethodHandle label;
    private final MethodHandle leaves;
    private final MethodHandle selfTest;
    private final List<?> classes;
    private final int columns;
    private final int margins;
    private final int predictions;
    private final int trees;

    /** Loads the model; {@code args} are those of {@link Serve#main}. */
    Subject(String[] args) throws Throwable {
        Path file = Path.of(args[2]);
        jar = Files.readAllBytes(file);
        Class<?> type = Class.forName(args[0] + ".Model", true, loader(args));
        MethodHandles.Lookup lookup = MethodHandles.publicLookup();
        load = lookup.findStatic(type, "load", methodType(type, byte[].class)).asType(methodType(Object.class, byte[].class));
        Object model = lookup.findStatic(type, "load", methodType(type, String.class)).invoke(args[1]);
        predict = lookup.bind(model, "predict", BATCH);
        predictBatch = lookup.bind(model, "predictBatch", BATCH);
        marginBatch = lookup.bind(model, "marginBatch", BATCH);
        label = lookup.bind(model, "label", methodType(Object.class, double[].class));
        leaves = lookup.bind(model, "leaves", methodType(int[].class, double[].class, int[].class));
        selfTest = lookup.bind(model, "selfTest", methodType(int.class));
        classes = (List<?>) lookup.bind(model, "classes", methodType(List.class)).invoke();
        trees = (int) lookup.bind(model, "trees", methodType(int.class)).invoke();
        Class<?> schemaType = Class.forName(args[0] + ".Schema", true, type.getClassLoader());
        Object schema = lookup.bind(model, "schema", methodType(schemaType)).invoke();
        columns = ((List<?>) lookup.bind(schema, "columns", methodType(List.class)).invoke()).size();
        margins = (int) lookup.bind(schema, "margins", methodType(int.class)).invoke();
        predictions = (int) lookup.bind(schema, "predictions", methodType(int.class)).invoke();
    }

    private static URLClassLoader loader(String[] args) throws IOException {
        URL[] jars = new URL[args.length - 2];
        for (int i = 0; i < jars.length; i++) {
            jars[i] = Path.of(args[i + 2]).toUri().toURL();
        }
        return new URLClassLoader(jars, ClassLoader.getPlatformClassLoader());
    }

    /** Columns, margins, predictions, classes and trees (ints). */
    ByteBuffer shape() {
        ByteBuffer out = Serve.room(5 * Integer.BYTES);
        return out.putInt(columns).putInt(margins).putInt(predictions).putInt(classes.size()).putInt(trees);
    }

    ByteBuffer score(double[] x) throws Throwable {
        int rows = rows(x);
        double[] margin = new double[rows * margins];
        double[] prediction = new double[rows * predictions];
        marginBatch.invoke(x, margin);
        long start = System.nanoTime();
        predictBatch.invoke(x, prediction);
        long taken = System.nanoTime() - start;
        int labels = classes.isEmpty() ? 0 : rows;
        ByteBuffer out = Serve.room(Long.BYTES * (1L + margin.length + prediction.length) + (long) Integer.BYTES * labels);
        out.putLong(taken);
        for (double value : margin) {
            out.putDouble(value);
        }
        for (double value : prediction) {
            out.putDouble(value);
        }
        for (int i = 0; i < labels; i++) {
            out.putInt(classes.indexOf(label.invoke(row(x, i))));
        }
        return out;
    }

    ByteBuffer leaves(double[] x) throws Throwable {
        int[] leaf = new int[trees];
        ByteBuffer out = Serve.room((long) Integer.BYTES * trees * rows(x));
        for (int i = 0; i < rows(x); i++) {
            leaves.invoke(row(x, i), leaf);
            out.asIntBuffer().put(leaf);
            out.position(out.position() + Integer.BYTES * trees);
        }
        return out;
    }

    /** The time of {@code predict(row, out)} for each row, {@code rounds} times over. */
    ByteBuffer timeRows(int warmUp, int rounds, double[] x) throws Throwable {
        double[][] rows = new double[rows(x)][];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = row(x, i);
        }
        double[] out = new double[predictions];
        for (int call = 0; call < warmUp; call++) {
            out = (double[]) predict.invokeExact(rows[call % rows.length], out);
        }
        ByteBuffer times = Serve.room((long) Long.BYTES * rounds * rows.length);
        for (int round = 0; round < rounds; round++) {
            for (double[] row : rows) {
                long start = System.nanoTime();
                out = (double[]) predict.invokeExact(row, out);
                times.putLong(System.nanoTime() - start);
            }
        }
        return times;
    }

    /** The time of {@code predictBatch} over all rows, {@code rounds} times. */
    ByteBuffer timeBatches(int warmUp, int rounds, double[] x) throws Throwable {
        double[] out = new double[rows(x) * predictions];
        return timed(warmUp, rounds, () -> predictBatch.invoke(x, out));
    }

    /** The time of {@code load(byte[])}, from the jar's bytes to a model that can score. */
    ByteBuffer timeLoading(int warmUp, int rounds) throws Throwable {
        return timed(warmUp, rounds, () -> load.invoke(jar));
    }

    ByteBuffer selfTest() throws Throwable {
        return Serve.room(Integer.BYTES).putInt((int) selfTest.invoke());
    }

    private interface Call {
        Object run() throws Throwable;
    }

    private static ByteBuffer timed(int warmUp, int rounds, Call call) throws Throwable {
        for (int i = 0; i < warmUp; i++) {
            call.run();
        }
        ByteBuffer times = Serve.room((long) Long.BYTES * rounds);
        for (int i = 0; i < rounds; i++) {
            long start = System.nanoTime();
            call.run();
            times.putLong(System.nanoTime() - start);
        }
        return times;
    }

    private int rows(double[] x) {
        return columns == 0 ? 0 : x.length / columns;
    }

    private double[] row(double[] x, int i) {
        return Arrays.copyOfRange(x, i * columns, (i + 1) * columns);
    }
}
