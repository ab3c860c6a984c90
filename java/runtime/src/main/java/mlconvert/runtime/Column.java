package mlconvert.runtime;

import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** One column of a model's input. */
public final class Column {
    private final String name;
    private final String type;
    private final List<Object> categories;
    private final Map<Object, Integer> codes = new HashMap<>();

    Column(String name, String type, List<Object> categories) {
        this.name = name;
        this.type = type;
        this.categories = categories == null ? null : Collections.unmodifiableList(categories);
        for (int code = 0; categories != null && code < categories.size(); code++) {
            codes.putIfAbsent(key(categories.get(code)), code);
        }
    }

    /**
     * The column's name.
     *
     * @return as in the training data
     */
    public String name() {
        return name;
    }

    /**
     * The column's type.
     *
     * @return {@code numeric}, {@code categorical} or {@code boolean}
     */
    public String type() {
        return type;
    }

    /**
     * The categories in the order of their codes.
     *
     * @return strings, longs, doubles or booleans; null where the column takes codes as they are
     */
    public List<Object> categories() {
        return categories;
    }

    /**
     * The number that stands for a value in a row. Null is missing, which is NaN.
     *
     * @param value a Number, a Boolean for a boolean column, or a category
     * @return what a row holds in this column
     * @throws UnknownCategoryException for a category that the model does not have
     * @throws WrongTypeException for a value of another type
     */
    public double encode(Object value) {
        if (value == null || value instanceof Number && Double.isNaN(((Number) value).doubleValue())) {
            return Double.NaN;
        }
        if (categories != null) {
            return code(value);
        }
        if (type.equals("boolean") && value instanceof Boolean) {
            return (Boolean) value ? 1 : 0;
        }
        if (!(value instanceof Number)) {
            throw new WrongTypeException(name, value, wanted());
        }
        double number = ((Number) value).doubleValue();
        if (type.equals("boolean") && number != 0 && number != 1) {
            throw new WrongTypeException(name, value, wanted());
        }
        return number;
    }

    /**
     * The number that stands for a value written as text, as in a CSV file. Empty text is missing, which is NaN.
     *
     * @param text a number, {@code true} or {@code false}, or a category
     * @return what a row holds in this column
     * @throws UnknownCategoryException for a category that the model does not have
     * @throws WrongTypeException for text that is no value of this column
     */
    public double parse(String text) {
        if (text.isEmpty()) {
            return Double.NaN;
        }
        if (codes.containsKey(text)) {
            return codes.get(text);
        }
        boolean truth = text.equalsIgnoreCase("true");
        if ((truth || text.equalsIgnoreCase("false")) && (type.equals("boolean") || codes.containsKey(truth))) {
            return encode(truth);
        }
        Double number = number(text);
        if (number == null) {
            throw categories != null ? new UnknownCategoryException(name, text) : new WrongTypeException(name, text, wanted());
        }
        if (categories != null && !codes.containsKey(key(number))) {
            throw new UnknownCategoryException(name, text);
        }
        return encode(number);
    }

    private int code(Object value) {
        Integer code = codes.get(key(value));
        if (code != null) {
            return code;
        }
        for (Object category : categories) {
            if (key(category).getClass() == key(value).getClass()) {
                throw new UnknownCategoryException(name, value);
            }
        }
        throw new WrongTypeException(name, value, "category of this column");
    }

    private String wanted() {
        return type.equals("categorical") ? "category code" : type.equals("boolean") ? "boolean" : "number";
    }

    /** Numbers are the same category whatever their Java type: 3, 3L and 3.0 are one. */
    private static Object key(Object value) {
        return value instanceof Number ? (Object) (((Number) value).doubleValue() + 0.0) : value;
    }

    private static Double number(String text) {
        String word = text.trim().toLowerCase(Locale.ROOT);
        switch (word.startsWith("-") || word.startsWith("+") ? word.substring(1) : word) {
            case "nan":
                return Double.NaN;
            case "inf":
            case "infinity":
                return word.startsWith("-") ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
            default:
                return decimal(word);
        }
    }

    private static Double decimal(String word) {
        boolean digitLast = !word.isEmpty() && "0123456789.".indexOf(word.charAt(word.length() - 1)) >= 0;
        try {
            // Java also reads "1f", "1d" and hexadecimal, which no CSV means.
            return digitLast && word.indexOf('x') < 0 ? Double.valueOf(word) : null;
        } catch (NumberFormatException e) {
            return null;
        }
    }
}
