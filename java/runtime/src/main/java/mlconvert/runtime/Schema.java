package mlconvert.runtime;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What goes into a model and what comes out, in the model's own names and order. */
public final class Schema {
    private final List<Column> columns;
    private final List<Object> classes;
    private final int outputs;
    /** A name that two columns have, or null. */
    private String standsTwice;

    Schema(List<Column> columns, List<Object> classes, int outputs) {
        this.columns = Collections.unmodifiableList(columns);
        this.classes = Collections.unmodifiableList(classes);
        this.outputs = outputs;
        Set<String> names = new HashSet<>();
        for (Column column : columns) {
            standsTwice = names.add(column.name()) ? standsTwice : column.name();
        }
    }

    /**
     * The columns of a row, in order.
     *
     * @return one for each value of a row
     */
    public List<Column> columns() {
        return columns;
    }

    /**
     * The labels of a classifier, in the order of their probabilities.
     *
     * @return strings, longs, doubles or booleans; empty for a regressor or ranker
     */
    public List<Object> classes() {
        return classes;
    }

    /**
     * How many margins a row has.
     *
     * @return at least 1
     */
    public int margins() {
        return outputs;
    }

    /**
     * How many predictions a row has.
     *
     * @return one for each class of a classifier, else one for each margin
     */
    public int predictions() {
        return Math.max(outputs, classes.size());
    }

    /**
     * The row of values given by name. Names that are no columns of the model are passed over.
     *
     * @param values a value for every column, as {@link Column#encode} takes it; null is missing
     * @return a row for {@link Model#predict(double[])} and its like
     * @throws MissingColumnException for a column that is not in {@code values}
     * @throws ColumnException for a value that its column cannot take
     * @throws ModelException where two columns of the model have the same name
     */
    public double[] row(Map<String, ?> values) {
        requireDistinctNames();
        double[] row = new double[columns.size()];
        for (int i = 0; i < row.length; i++) {
            Column column = columns.get(i);
            Object value = values.get(column.name());
            if (value == null && !values.containsKey(column.name())) {
                throw new MissingColumnException(column.name());
            }
            row[i] = column.encode(value);
        }
        return row;
    }

    /** Values can be given by name only where no two columns share one. */
    void requireDistinctNames() {
        if (standsTwice != null) {
            throw new ModelException("two columns of the model are called " + Json.quoted(standsTwice));
        }
    }

    /**
     * The schema as one JSON object: {@code columns} (each with {@code name}, {@code type}, and where the model has them
     * {@code categories} and {@code missing}), {@code classes}, {@code margins}, {@code predictions}.
     *
     * @return JSON on one line
     */
    public String toJson() {
        List<Object> entries = new ArrayList<>();
        for (Column column : columns) {
            entries.add(column.entry);
        }
        Map<String, Object> schema = new LinkedHashMap<>();
        schema.put("columns", entries);
        schema.put("classes", classes);
        schema.put("margins", margins());
        schema.put("predictions", predictions());
        return Json.write(schema);
    }

    @Override
    public String toString() {
        return toJson();
    }
}
