package mlconvert.runtime;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A tree ensemble that scores rows with the bits of the library that trained it.
 *
 * <p>A row is one double for each column of {@link #schema()}, in order: NaN is missing, a category is its code (see
 * {@link Column#categories()}), a boolean is 0 or 1. {@link #row(Map)} makes one from values by name.
 *
 * <p>A model does not change, and any number of threads may use it at once. Scoring a row allocates nothing.
 */
public final class Model {
    private final Schema schema;
    private final Forest forest;
    private final Engine engine;
    private final Link link;
    private final Golden golden;
    private final ThreadLocal<Scratch> scratch;

    private Model(Bundle bundle) {
        forest = new Forest(new ForestReader(bundle.forest));
        schema = forest.header.schema;
        link = new Link(forest.header);
        engine = Engine.of(forest);
        golden = bundle.golden == null ? null : new Golden(bundle.golden, schema);
        scratch = ThreadLocal.withInitial(engine::scratch);
    }

    /**
     * Loads the model of the jar that is on the class path.
     *
     * @return the model
     * @throws ModelException where there is none, or more than one
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
        return new Model(Bundle.of(Files.readAllBytes(file)));
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
        return new Model(Bundle.of(in.readAllBytes()));
    }

    /**
     * Loads a model from memory.
     *
     * @param content the bytes of a jar or a {@code .forest} file
     * @return the model
     * @throws BrokenModelException where they are damaged, or no model
     */
    public static Model load(byte[] content) {
        try {
            return new Model(Bundle.of(content));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * What goes in and what comes out.
     *
     * @return the schema
     */
    public Schema schema() {
        return schema;
    }

    /**
     * The labels of a classifier, in the order of their probabilities.
     *
     * @return strings, longs, doubles or booleans; empty for a regressor or ranker
     */
    public List<Object> classes() {
        return schema.classes();
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
     * @throws IllegalStateException for a model with several margins
     */
    public double predict(double[] row) {
        if (schema.margins() != 1) {
            throw new IllegalStateException("the model has " + schema.margins() + " margins; use predict(row, out)");
        }
        Scratch own = scratch(row);
        engine.margins(row, 0, own.margin, 0, own);
        return link.apply(own.margin[0]);
    }

    /**
     * The predictions of a row: for a classifier the probability of each class.
     *
     * @param row one value for each column
     * @param out takes {@link Schema#predictions()} values from its beginning
     * @return {@code out}
     */
    public double[] predict(double[] row, double[] out) {
        requireLength(out.length, schema.predictions(), "predictions");
        Scratch own = scratch(row);
        engine.margins(row, 0, own.margin, 0, own);
        link.apply(own.margin, out, 0);
        return out;
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
        return schema.row(values);
    }

    /**
     * The margins of a row: the sums over the trees before the link, called raw scores by the libraries, bit for bit.
     *
     * @param row one value for each column
     * @param out takes {@link Schema#margins()} values from its beginning
     * @return {@code out}
     */
    public double[] margin(double[] row, double[] out) {
        requireLength(out.length, schema.margins(), "margins");
        engine.margins(row, 0, out, 0, scratch(row));
        return out;
    }

    /**
     * The label of the most probable class.
     *
     * @param row one value for each column
     * @return one of {@link #classes()}: the first of equally probable ones, and the first NaN before any number
     * @throws IllegalStateException for a model that is no classifier
     */
    public Object label(double[] row) {
        return classes().get(labelIndex(predict(row, new double[schema.predictions()]), 0));
    }

    /** The place of the label among the classes, for the probabilities from p[at] on. */
    int labelIndex(double[] p, int at) {
        if (classes().isEmpty()) {
            throw new IllegalStateException("the model is no classifier");
        }
        int best = 0;
        for (int k = 1; k < classes().size(); k++) {
            double champion = p[at + best];
            if (champion == champion && !(p[at + k] <= champion)) {
                best = k;
            }
        }
        return best;
    }

    /**
     * The leaf that a row reaches in each tree, in the source library's own numbers.
     *
     * @param row one value for each column
     * @param out takes {@link #trees()} numbers from its beginning
     * @return {@code out}
     */
    public int[] leaves(double[] row, int[] out) {
        requireLength(out.length, forest.trees, "trees");
        Scratch own = scratch(row);
        engine.walk(row, 0, own);
        for (int tree = 0; tree < forest.trees; tree++) {
            out[tree] = forest.leafLabel[own.leaf[tree]];
        }
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
        int n = count(rows);
        requireLength(out.length, (long) n * schema.predictions(), "predictions");
        Scratch own = scratch.get();
        for (int i = 0; i < n; i++) {
            engine.margins(rows, i * forest.columns, own.margin, 0, own);
            link.apply(own.margin, out, i * schema.predictions());
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
        double[][] out = new double[rows.length][schema.predictions()];
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
        int n = count(rows);
        requireLength(out.length, (long) n * schema.margins(), "margins");
        Scratch own = scratch.get();
        for (int i = 0; i < n; i++) {
            engine.margins(rows, i * forest.columns, out, i * schema.margins(), own);
        }
        return out;
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

    private Scratch scratch(double[] row) {
        if (row.length != forest.columns) {
            throw new IllegalArgumentException("the row has " + row.length + " values, the model " + forest.columns + " columns");
        }
        return scratch.get();
    }

    private int count(double[] rows) {
        if (forest.columns == 0 || rows.length % forest.columns != 0) {
            throw new IllegalArgumentException(rows.length + " values are no rows of " + forest.columns + " columns");
        }
        return rows.length / forest.columns;
    }

    private static void requireLength(int length, long least, String what) {
        if (length < least) {
            throw new IllegalArgumentException("out has room for " + length + " of " + least + " " + what);
        }
    }
}
