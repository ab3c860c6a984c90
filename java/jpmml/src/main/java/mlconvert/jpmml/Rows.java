package mlconvert.jpmml;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dmg.pmml.DataType;
import org.jpmml.evaluator.InputField;

/**
 * Rows as the evaluator takes them: what each input is called, in the type that the document gives it; what is missing is not there.
 *
 * <p>In a request: {@code rows}, how many; {@code x}, a file of float64[rows, columns] where NaN is missing; {@code columns}, for each of
 * its columns the {@code name} of an input and, where values are codes, the {@code categories} that they count, or {@code code}; {@code
 * texts}, for each input of text a file with a JSON list of strings and nulls.
 */
final class Rows {
    /** A value of no category: what the document does with it is its own affair. */
    private static final String UNSEEN = "\u001amlconvert unseen";

    private Rows() {
    }

    static List<Map<String, Object>> read(JsonObject request, List<InputField> inputs) throws IOException {
        int count = request.get("rows").getAsInt();
        List<Map<String, Object>> rows = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            rows.add(new LinkedHashMap<>());
        }
        Map<String, DataType> types = new HashMap<>();
        for (InputField input : inputs) {
            types.put(input.getName(), input.getDataType());
        }
        JsonArray columns = request.getAsJsonArray("columns");
        double[] x = columns.isEmpty() ? new double[0] : Arrays.doubles(Path.of(request.get("x").getAsString()));
        for (int column = 0; column < columns.size(); column++) {
            JsonObject told = columns.get(column).getAsJsonObject();
            String name = told.get("name").getAsString();
            if (types.containsKey(name)) {
                Reader reader = reader(told, types.get(name));
                for (int i = 0; i < count; i++) {
                    double value = x[i * columns.size() + column];
                    if (!Double.isNaN(value)) {
                        rows.get(i).put(name, reader.read(value));
                    }
                }
            }
        }
        addTexts(request, rows);
        return rows;
    }

    private static void addTexts(JsonObject request, List<Map<String, Object>> rows) throws IOException {
        if (!request.has("texts")) {
            return;
        }
        for (Map.Entry<String, JsonElement> told : request.getAsJsonObject("texts").entrySet()) {
            String[] texts = new Gson().fromJson(Files.readString(Path.of(told.getValue().getAsString())), String[].class);
            for (int i = 0; i < texts.length; i++) {
                if (texts[i] != null) {
                    rows.get(i).put(told.getKey(), texts[i]);
                }
            }
        }
    }

    /** What a column's number stands for. */
    private interface Reader {
        Object read(double value);
    }

    private static Reader reader(JsonObject column, DataType type) {
        if (column.has("categories")) {
            List<Object> categories = new ArrayList<>();
            column.getAsJsonArray("categories").forEach(one -> categories.add(category(one.getAsJsonPrimitive())));
            Object unseen = unseen(categories);
            return value -> {
                double code = Math.floor(value);
                return code >= 0 && code < categories.size() ? categories.get((int) code) : unseen;
            };
        }
        if (type == DataType.BOOLEAN) {
            return value -> value != 0;
        }
        if (column.has("code")) {
            // What no int holds is no code, and JPMML does not get over it.
            return value -> (int) Math.max(Integer.MIN_VALUE, Math.min(Integer.MAX_VALUE, Math.floor(value)));
        }
        // An integer's text is not that of a double.
        boolean whole = type == DataType.INTEGER || type == DataType.STRING;
        return value -> whole && value == Math.rint(value) && Math.abs(value) < 1L << 53 ? number((long) value) : value;
    }

    /** What none of the categories is: a number among numbers, which a field of numbers can read. */
    private static Object unseen(List<Object> categories) {
        if (categories.isEmpty() || !categories.stream().allMatch(one -> one instanceof Number)) {
            return UNSEEN;
        }
        if (categories.get(0) instanceof Double) {
            // One more than a large double is the same double.
            return 2 * categories.stream().mapToDouble(one -> Math.abs(((Number) one).doubleValue())).max().getAsDouble() + 1;
        }
        long largest = categories.stream().mapToLong(one -> ((Number) one).longValue()).max().getAsLong();
        long least = categories.stream().mapToLong(one -> ((Number) one).longValue()).min().getAsLong();
        return number(largest < Integer.MAX_VALUE ? largest + 1 : least - 1);
    }

    private static Object category(JsonPrimitive told) {
        if (told.isNumber()) {
            double value = told.getAsDouble();
            return told.getAsString().matches("-?\\d+") ? number(told.getAsLong()) : (Object) value;
        }
        return told.isBoolean() ? (Object) told.getAsBoolean() : told.getAsString();
    }

    private static Object number(long value) {
        return value == (int) value ? (Object) (int) value : (Object) value;
    }
}
