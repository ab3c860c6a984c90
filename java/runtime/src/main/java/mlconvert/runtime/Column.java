package mlconvert.runtime;

import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** One column of a model's input. */
public final class Column {
    private final String name;
    private final String type;
    private final List<Object> categories;
    private final boolean takesMissing;
    private final Map<Object, Integer> codes = new HashMap<>();
    /** As the header has it. */
    final Map<?, ?> entry;

    Column(Map<?, ?> entry) {
        Header.demand(Set.of("name", "type", "categories", "missing").containsAll(entry.keySet()));
        this.entry = entry;
        name = (String) Objects.requireNonNull(entry.get("name"));
        type = Header.oneOf(entry, "type", "numeric", "categorical", "boolean");
        categories = entry.containsKey("categories") ? Collections.unmodifiableList(Header.scalars(entry.get("categories"))) : null;
        takesMissing = !entry.containsKey("missing") || !Header.isFirst(entry, "missing", "refused", "nan", "zero", "none");
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
     * Whether a value may be missing.
     *
     * @return false where the library that trained the model refuses a missing value, as the model then does
     */
    public boolean takesMissing() {
        return takesMissing;
    }

    /**
     * The number that stands for a value in a row. Null and NaN are missing, which is NaN.
     *
     * @param value a category, for a column that has them; else a Number, or a Boolean, which is 0 or 1
     * @return what a row holds in this column
     * @throws UnknownCategoryException for a category that the model does not have
     * @throws MissingValueException for a missing value where the model takes none
     * @throws WrongTypeException for a value of another type
     */
    public double encode(Object value) {
        boolean missing = value == null || value instanceof Number && Double.isNaN(((Number) value).doubleValue());
        return missing ? missing() : categories == null ? number(value, value) : code(value);
    }

    /**
     * The number that stands for a value written as text, as in a CSV file. Empty text is missing, which is NaN.
     *
     * @param text a number, {@code true} or {@code false}, or a category
     * @return what a row holds in this column
     * @throws UnknownCategoryException for a category that the model does not have
     * @throws MissingValueException for a missing value where the model takes none
     * @throws WrongTypeException for text that is no value of this column
     */
    public double parse(String text) {
        if (text.isEmpty()) {
            return missing();
        }
        if (categories == null) {
            return number(scalar(text), text);
        }
        Integer code = codes.get(text);
        code = code == null ? codes.get(key(scalar(text))) : code;
        if (code == null) {
            throw new UnknownCategoryException(name, text);
        }
        return code;
    }

    /** Whether the number that stands for a value is the value itself. */
    boolean isPlain() {
        return categories == null && type.equals("numeric");
    }

    private double missing() {
        if (!takesMissing) {
            throw new MissingValueException(name);
        }
        return Double.NaN;
    }

    private double number(Object value, Object given) {
        if (value instanceof Boolean) {
            return (Boolean) value ? 1 : 0;
        }
        double number = value instanceof Number ? ((Number) value).doubleValue() : Double.NaN;
        boolean fits = value instanceof Number && (!type.equals("boolean") || number == 0 || number == 1 || number != number);
        if (!fits) {
            throw new WrongTypeException(name, given, isPlain() ? "number" : type.equals("boolean") ? type : "category code");
        }
        return number == number ? number : missing();
    }

    private double code(Object value) {
        Integer code = codes.get(key(value));
        if (code != null) {
            return code;
        }
        for (Object known : codes.keySet()) {
            if (known.getClass() == key(value).getClass()) {
                throw new UnknownCategoryException(name, value);
            }
        }
        throw new WrongTypeException(name, value, "category of this column");
    }

    /** Numbers are the same category whatever their Java type: 3, 3L and 3.0 are one. */
    private static Object key(Object value) {
        return value instanceof Number ? (Object) (((Number) value).doubleValue() + 0.0) : value;
    }

    /** The number or truth that the text is written for, or else the text. */
    private static Object scalar(String text) {
        String word = text.trim().toLowerCase(Locale.ROOT);
        if (word.equals("true") || word.equals("false")) {
            return word.equals("true");
        }
        if (word.equals("nan")) {
            return Double.NaN;
        }
        if (word.endsWith("inf") || word.endsWith("infinity")) {
            word = word.substring(0, word.indexOf('i')) + "Infinity";
        } else if (word.isEmpty() || word.indexOf('x') >= 0 || word.charAt(word.length() - 1) > '9') {
            // Java also reads "1f", "1d" and hexadecimal, which no CSV means
            return text;
        }
        try {
            return Double.valueOf(word);
        } catch (NumberFormatException e) {
            return text;
        }
    }
}
