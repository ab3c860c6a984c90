package mlconvert.runtime;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * A tree ensemble that scores rows with the bits of the library that trained it.
 *
 * <p>A row is one double for each column of {@link #schema()}, in order: NaN is missing, a category is its code (see
 * {@link Column#categories()}), a boolean is 0 or 1. {@link #row(Map)} makes one from values by name.
 *
 * <p>A model does not change, and any number of threads may use it at once. Scoring a row allocates nothing.
 */
public final class Model {
    /** Places for threads that score at once, each in a cache line of its own. */
    private static final int PLACES = 64;
    private static final int APART = 16;

    final Forest forest;
    final Link link;
    /** Null where the model carries none. */
    final Golden golden;
    private final Engine engine;
    /** What threads leave behind for the next call. Room of a thread's own would outlive the model. */
    private final AtomicReferenceArray<Scratch> idle = new AtomicReferenceArray<>(PLACES * APART);

    private Model(Bundle bundle) {
        forest = new Forest(new ForestReader(bundle.forest));
        link = new Link(forest.header);
        engine = Engine.of(forest);
        golden = bundle.golden == null ? null : new Golden(bundle.golden, schema());
    }

    /**
     * Loads the model of the jar that this class came in, or else the only one on the class path.
     *
     * @return the model
     * @throws ModelException where there is none, or more than one: the message names them
     * @throws BrokenModelException where it is damaged
     */
    public static Model load() {
        return new Model(Bundle.only());
    }

    /**
     * Loads a model by the name that its jar gave it, of several on the class path.
     *
     * @param name the package that the jar was built with, or the name in its manifest
     * @return the model
     * @throws ModelException where there is none of this name
     * @throws BrokenModelException where it is damaged
     */
    public static Model load(String name) {
        return new Model(Bundle.named(name));
    }

    /**
     * Loads a model from a file.
     *
     * @param file a jar or a {@code .forest} file
     * @return the model
     * @throws IOException where the file cannot be read
     * @throws BrokenModelException where it is damaged, or no model
     */
    public static Model load(Path file) throws IOException {
        return load(Files.readAllBytes(file));
    }

    /**
     * Loads a model from a stream, which stays open.
     *
     * @param in the bytes of a jar or a {@code .forest} file, up to the stream's end
     * @return the model
     * @throws IOException where the stream cannot be read
     * @throws BrokenModelException where it is damaged, or no model
     */
    public static Model load(InputStream in) throws IOException {
        return load(in.readAllBytes());
    }

    /**
     * Loads a model from memory.
     *
     * @param content the bytes of a jar or a {@code .forest} file
     * @return the model
     * @throws BrokenModelException where they are damaged, or no model
     */
    public static Model load(byte[] content) {
        return new Model(Bundle.of(content));
    }

    /**
     * What goes in and what comes out.
     *
     * @return the schema
     */
    public Schema schema() {
        return forest.header.schema;
    }

    /**
     * The labels of a classifier, in the order of their probabilities.
     *
     * @return strings, longs, doubles or booleans; empty for a regressor or ranker
     */
    public List<Object> classes() {
        return schema().classes();
    }

    /**
     * How many trees there are.
     *
     * @return the length of what {@link #leaves} fills
     */
    public int trees() {
        return forest.trees;
    }

    /**
     * The prediction of a model with one margin: a classifier's probability of its second class, or the predicted value.
     *
     * @param row one value for each column
     * @return the prediction
     * @throws MissingValueException for NaN in a column that takes no missing value, here and in whatever else takes rows
     * @throws IllegalArgumentException for a row of another length, here and in whatever else takes rows
     * @throws IllegalStateException for a model with several margins
     */
    public double predict(double[] row) {
        if (schema().margins() != 1) {
            throw new IllegalStateException("the model has " + schema().margins() + " margins; use predict(row, out)");
        }
        require(row.length == forest.columns, row.length, forest.columns, "values");
        Scratch own = take(row);
        engine.margins(row, 0, own.margin, 0, own);
        double margin = own.margin[0];
        give(own);
        return link.apply(margin);
    }

    /**
     * The predictions of a row: for a classifier the probability of each class.
     *
     * @param row one value for each column
     * @param out takes {@link Schema#predictions()} values from its beginning
     * @return {@code out}
     */
    public double[] predict(double[] row, double[] out) {
        require(row.length == forest.columns, row.length, forest.columns, "values");
        return predictBatch(row, out);
    }

    /**
     * The prediction for values by name, of a model with one margin.
     *
     * @param values a value for every column; null is missing
     * @return as {@link #predict(double[])}
     * @throws ColumnException for a column that is missing, or a value that its column cannot take
     * @throws IllegalStateException for a model with several margins
     */
    public double predict(Map<String, ?> values) {
        return predict(row(values));
    }

    /**
     * The row of values given by name; see {@link Schema#row(Map)}.
     *
     * @param values a value for every column; null is missing
     * @return a row
     * @throws ColumnException for a column that is missing, or a value that its column cannot take
     */
    public double[] row(Map<String, ?> values) {
        return schema().row(values);
    }

    /**
     * The margins of a row: the sums over the trees before the link, called raw scores by the libraries, bit for bit.
     *
     * @param row one value for each column
     * @param out takes {@link Schema#margins()} values from its beginning
     * @return {@code out}
     */
    public double[] margin(double[] row, double[] out) {
        require(row.length == forest.columns, row.length, forest.columns, "values");
        return marginBatch(row, out);
    }

    /**
     * The label of a row: in general that of the most probable class.
     *
     * @param row one value for each column
     * @return one of {@link #classes()}, as the library that trained the model would choose it
     * @throws IllegalStateException for a model that is no classifier
     */
    public Object label(double[] row) {
        double[] margin = margin(row, new double[schema().margins()]);
        double[] probability = new double[schema().predictions()];
        link.apply(margin, 0, probability, 0);
        return classes().get(link.label(margin, 0, probability, 0));
    }

    /**
     * The leaf that a row reaches in each tree, in the source library's own numbers.
     *
     * @param row one value for each column
     * @param out takes {@link #trees()} numbers from its beginning
     * @return {@code out}
     */
    public int[] leaves(double[] row, int[] out) {
        require(row.length == forest.columns, row.length, forest.columns, "values");
        require(out.length >= forest.trees, out.length, forest.trees, "leaves");
        Scratch own = take(row);
        engine.walk(row, 0, own);
        for (int tree = 0; tree < forest.trees; tree++) {
            out[tree] = forest.leafLabel[own.leaf[tree]];
        }
        give(own);
        return out;
    }

    /**
     * The predictions of many rows, which lie one behind the other.
     *
     * @param rows {@code n} times as many values as there are columns
     * @param out takes {@code n} times {@link Schema#predictions()} values from its beginning
     * @return {@code out}
     */
    public double[] predictBatch(double[] rows, double[] out) {
        int margins = schema().margins();
        int predictions = schema().predictions();
        // the margins stand at the end of the predictions' room, so that none is overwritten before it is read
        int n = margins(rows, out, predictions);
        for (int i = 0; i < n; i++) {
            link.apply(out, n * (predictions - margins) + i * margins, out, i * predictions);
        }
        return out;
    }

    /**
     * The predictions of many rows.
     *
     * @param rows one value for each column, each
     * @return {@link Schema#predictions()} values for each row
     */
    public double[][] predictBatch(double[][] rows) {
        double[][] out = new double[rows.length][schema().predictions()];
        for (int i = 0; i < rows.length; i++) {
            predict(rows[i], out[i]);
        }
        return out;
    }

    /**
     * The margins of many rows, which lie one behind the other.
     *
     * @param rows {@code n} times as many values as there are columns
     * @param out takes {@code n} times {@link Schema#margins()} values from its beginning
     * @return {@code out}
     */
    public double[] marginBatch(double[] rows, double[] out) {
        margins(rows, out, schema().margins());
        return out;
    }

    /** Puts the rows' margins at the end of the room for so many values of each, and says how many rows there are. */
    private int margins(double[] rows, double[] out, int values) {
        int n = rows.length / Math.max(1, forest.columns);
        require(n * forest.columns == rows.length, rows.length, forest.columns, "values");
        require(out.length >= (long) n * values, out.length, (long) n * values, "results");
        int margins = schema().margins();
        Scratch own = take(rows);
        for (int i = 0; i < n; i++) {
            engine.margins(rows, i * forest.columns, out, n * (values - margins) + i * margins, own);
        }
        give(own);
        return n;
    }

    /**
     * Scores the golden rows that the jar carries, and compares with what the source library said: margins bit for bit.
     *
     * @return how many rows were compared; 0 where the model carries none
     * @throws ModelException for the first that differs
     */
    public int selfTest() {
        if (golden == null) {
            return 0;
        }
        golden.check(this);
        return golden.rows;
    }

    /** Room to score these rows in, once all values are there that have to be. */
    private Scratch take(double[] rows) {
        for (int i = 0; forest.header.refusesMissing && i < rows.length; i++) {
            if (rows[i] != rows[i]) {
                schema().columns().get(i % forest.columns).encode(null);
            }
        }
        Scratch found = idle.getAndSet(place(), null);
        return found == null ? engine.scratch() : found;
    }

    private void give(Scratch own) {
        idle.lazySet(place(), own);
    }

    private static int place() {
        return (int) (Thread.currentThread().getId() % PLACES) * APART;
    }

    private static void require(boolean fits, long length, long wanted, String what) {
        if (!fits) {
            throw new IllegalArgumentException("an array has " + length + " " + what + " instead of " + wanted);
        }
    }
}
