package mlconvert.jpmml;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.ArrayList;
import java.util.List;
import org.dmg.pmml.Apply;
import org.dmg.pmml.DataField;
import org.dmg.pmml.DataType;
import org.dmg.pmml.DerivedField;
import org.dmg.pmml.FieldRef;
import org.dmg.pmml.InvalidValueTreatmentMethod;
import org.dmg.pmml.OpType;
import org.dmg.pmml.PMMLFunctions;
import org.jpmml.converter.CategoricalFeature;
import org.jpmml.converter.CategoricalLabel;
import org.jpmml.converter.ContinuousFeature;
import org.jpmml.converter.ContinuousLabel;
import org.jpmml.converter.ExpressionUtil;
import org.jpmml.converter.Feature;
import org.jpmml.converter.InvalidValueDecorator;
import org.jpmml.converter.Label;
import org.jpmml.converter.ModelEncoder;
import org.jpmml.converter.MultiLabel;
import org.jpmml.converter.Schema;

/**
 * A tree ensemble's columns and what it predicts, as the request describes them: not as JPMML would guess them from the model's text.
 *
 * <p>{@code columns} are {@code {"name", "type"}}, of categories with their {@code values} by code and {@code invalid}, PMML's word for
 * what becomes of any other value; or {@code {"name", "of", "zero"}}: the column of that place, missing where it is no further than that
 * from 0. {@code targets} are their names; {@code label} is {@code {"type", "values"}} for a classifier.
 */
final class Columns {
    private Columns() {
    }

    static Schema schema(JsonObject request, ModelEncoder encoder) {
        List<Feature> features = new ArrayList<>();
        Label label = label(request, encoder);
        for (JsonElement told : request.getAsJsonArray("columns")) {
            JsonObject column = told.getAsJsonObject();
            features.add(column.has("of") ? withoutZero(column, features, encoder) : feature(column, encoder));
        }
        return new Schema(encoder, label, features);
    }

    private static Label label(JsonObject request, ModelEncoder encoder) {
        List<Label> labels = new ArrayList<>();
        for (JsonElement told : request.getAsJsonArray("targets")) {
            String name = told.getAsString();
            if (request.has("label")) {
                JsonObject label = request.getAsJsonObject("label");
                DataType type = DataType.fromValue(label.get("type").getAsString());
                List<?> values = values(type, label.getAsJsonArray("values"));
                labels.add(new CategoricalLabel(encoder.createDataField(name, OpType.CATEGORICAL, type, values)));
            } else {
                labels.add(new ContinuousLabel(encoder.createDataField(name, OpType.CONTINUOUS, sum(request))));
            }
        }
        return labels.size() == 1 ? labels.get(0) : new MultiLabel(labels);
    }

    /** The type in which the source adds up. */
    static DataType sum(JsonObject request) {
        return DataType.fromValue(request.get("sum").getAsString());
    }

    private static Feature feature(JsonObject column, ModelEncoder encoder) {
        String name = column.get("name").getAsString();
        DataType type = DataType.fromValue(column.get("type").getAsString());
        if (!column.has("values")) {
            return new ContinuousFeature(encoder, encoder.createDataField(name, OpType.CONTINUOUS, type));
        }
        DataField field = encoder.createDataField(name, OpType.CATEGORICAL, type, values(type, column.getAsJsonArray("values")));
        InvalidValueTreatmentMethod invalid = InvalidValueTreatmentMethod.fromValue(column.get("invalid").getAsString());
        encoder.addDecorator(field, new InvalidValueDecorator(invalid, null));
        return new CategoricalFeature(encoder, field);
    }

    private static List<Object> values(DataType type, JsonArray told) {
        List<Object> values = new ArrayList<>();
        told.forEach(value -> values.add(value(type, value.getAsJsonPrimitive())));
        return values;
    }

    private static Object value(DataType type, JsonPrimitive told) {
        switch (type) {
            case INTEGER:
                return told.getAsLong() == told.getAsInt() ? (Object) told.getAsInt() : (Object) told.getAsLong();
            case DOUBLE:
                return told.getAsDouble();
            case BOOLEAN:
                return told.getAsBoolean();
            default:
                return told.getAsString();
        }
    }

    /** A field that is missing where another is about zero, and the other's value elsewhere. */
    private static Feature withoutZero(JsonObject column, List<Feature> features, ModelEncoder encoder) {
        String source = features.get(column.get("of").getAsInt()).getName();
        double zero = column.get("zero").getAsDouble();
        Apply beyond = ExpressionUtil.createApply(PMMLFunctions.OR,
                ExpressionUtil.createApply(PMMLFunctions.LESSTHAN, new FieldRef(source), ExpressionUtil.createConstant(-zero)),
                ExpressionUtil.createApply(PMMLFunctions.GREATERTHAN, new FieldRef(source), ExpressionUtil.createConstant(zero)));
        Apply value = ExpressionUtil.createApply(PMMLFunctions.IF,
                ExpressionUtil.createApply(PMMLFunctions.ISNOTMISSING, new FieldRef(source)),
                ExpressionUtil.createApply(PMMLFunctions.IF, beyond, new FieldRef(source)));
        String name = column.get("name").getAsString();
        DerivedField field = encoder.createDerivedField(name, OpType.CONTINUOUS, DataType.DOUBLE, value);
        return new ContinuousFeature(encoder, field);
    }
}
