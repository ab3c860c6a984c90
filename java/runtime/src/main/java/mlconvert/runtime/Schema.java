package mlconvert.runtime;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What goes into a model and what comes out, in the model's own names and order. */
public final class Schema {
    private final List<Column> columns;
    private final List<Object> classes;
    private final int outputs;
    private final String standsTwice;

    Schema(List<Column> columns, List<Object> classes, int outputs) {
        this.columns = Collections.unmodifiableList(columns);
        this.classes = Collections.unmodifiableList(classes);
        this.outputs = outputs;
        Set<String> names = new HashSet<>();
        this.standsTwice = columns.stream().map(Column::name).filter(name -> !names.add(name)).findFirst().orElse(null);
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
        return classes.isEmpty() ? outputs : classes.size();
    }

    /**
     * The row of values given by name. Names that are no columns of the model are passed over.
     *
     * @param values a value for every column; null is missing
     * @return a row for {@link Model#predict(double[])} and its like
     * @throws MissingColumnException for a column that is not in {@code values}
     * @throws UnknownCategoryException for a category that the model does not have
     * @throws WrongTypeException for a value that its column cannot take
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
            throw new ModelException("two columns of the model are called " + Text.quoted(standsTwice));
        }
    }

    /**
     * The schema as one JSON object: {@code columns}, {@code classes}, {@code margins}, {@code predictions}.
     *
     * @return JSON on one line
     */
    public String toJson() {
        List<String> entries = new ArrayList<>();
        for (Column column : columns) {
            String categories = column.categories() == null ? "" : ",\"categories\":" + list(column.categories());
            entries.add("{\"name\":" + Text.json(column.name()) + ",\"type\":\"" + column.type() + "\"" + categories + "}");
        }
        return "{\"columns\":[" + String.join(",", entries) + "],\"classes\":" + list(classes) + ",\"margins\":" + outputs
                + ",\"predictions\":" + predictions() + "}";
    }

    @Override
    public String toString() {
        return toJson();
    }

    private static String list(List<Object> values) {
        List<String> entries = new ArrayList<>();
        for (Object value : values) {
            entries.add(value instanceof String ? Text.json((String) value) : value.toString());
        }
        return "[" + String.join(",", entries) + "]";
    }
}
