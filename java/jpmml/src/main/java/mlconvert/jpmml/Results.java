package mlconvert.jpmml;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jpmml.evaluator.EvaluatorUtil;
import org.jpmml.evaluator.HasProbability;

/**
 * What is asked of a row's results. {@code numbers} is a list of {@code {"field"}}, whose value is a number, or {@code {"field",
 * "category"}}, the probability of a category by the target's own distribution. {@code label}, where it is there, is {@code {"field",
 * "values"}}: the place of the field's value in a list of labels.
 */
final class Results {
    private final List<String> fields = new ArrayList<>();
    private final List<String> categories = new ArrayList<>();
    private final String label;
    private final Map<String, Integer> places = new HashMap<>();

    Results(JsonObject request) {
        for (JsonElement told : request.getAsJsonArray("numbers")) {
            JsonObject one = told.getAsJsonObject();
            fields.add(one.get("field").getAsString());
            categories.add(one.has("category") ? one.get("category").getAsString() : null);
        }
        JsonObject told = request.getAsJsonObject("label");
        label = told == null ? null : told.get("field").getAsString();
        if (told != null) {
            told.getAsJsonArray("values").forEach(value -> places.put(text(value.getAsString()), places.size()));
        }
    }

    /** The bytes of a row: float64 for every number, and an int32 for the label. */
    long bytes() {
        return (long) Double.BYTES * fields.size() + (label == null ? 0 : Integer.BYTES);
    }

    void putNumbers(Map<String, ?> results, ByteBuffer out) {
        for (int i = 0; i < fields.size(); i++) {
            Object value = results.get(fields.get(i));
            out.putDouble(categories.get(i) == null ? number(value) : probability(value, categories.get(i)));
        }
    }

    /** The place of the label, -1 for one that is not among the values. */
    void putLabel(Map<String, ?> results, ByteBuffer out) {
        if (label != null) {
            out.putInt(places.getOrDefault(text(EvaluatorUtil.decode(results.get(label))), -1));
        }
    }

    private static double number(Object value) {
        Object decoded = EvaluatorUtil.decode(value);
        return decoded instanceof Number ? ((Number) decoded).doubleValue() : Double.NaN;
    }

    private static double probability(Object target, String category) {
        if (target instanceof HasProbability) {
            HasProbability distribution = (HasProbability) target;
            for (Object own : distribution.getCategories()) {
                if (text(own).equals(text(category))) {
                    return distribution.getProbability(own);
                }
            }
        }
        return Double.NaN;
    }

    /** A label as text; a number is the same text whether a document calls it 1 or 1.0. */
    private static String text(Object value) {
        String text = String.valueOf(value);
        return text.endsWith(".0") ? text.substring(0, text.length() - 2) : text;
    }
}
