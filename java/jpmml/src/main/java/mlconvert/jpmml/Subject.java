package mlconvert.jpmml;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.Closeable;
import java.io.IOException;
import org.dmg.pmml.DataField;
import org.dmg.pmml.Field;
import org.dmg.pmml.Value;
import org.jpmml.evaluator.Evaluator;
import org.jpmml.evaluator.InputField;
import org.jpmml.evaluator.ModelField;
import org.jpmml.evaluator.OutputField;
import org.jpmml.evaluator.TargetField;

/** One open model. */
final class Subject implements Closeable {
    final Evaluator evaluator;
    private final Closeable source;

    /** A model, and what has to be closed after it. */
    Subject(Evaluator evaluator, Closeable source) {
        this.evaluator = evaluator;
        this.source = source;
    }

    @Override
    public void close() throws IOException {
        source.close();
    }

    /** What the model takes and gives: {@code function}, {@code inputs}, {@code targets} and {@code outputs}. */
    JsonObject fields() {
        JsonArray inputs = new JsonArray();
        for (InputField input : evaluator.getActiveFields()) {
            inputs.add(field(input));
        }
        JsonArray targets = new JsonArray();
        for (TargetField target : evaluator.getTargetFields()) {
            JsonObject told = field(target);
            told.addProperty("synthetic", target.isSynthetic());
            targets.add(told);
        }
        JsonArray outputs = new JsonArray();
        for (OutputField output : evaluator.getOutputFields()) {
            JsonObject told = field(output);
            Object value = output.getField().getValue();
            told.addProperty("feature", output.getField().getResultFeature().value());
            told.addProperty("value", value == null ? null : String.valueOf(value));
            outputs.add(told);
        }
        JsonObject told = new JsonObject();
        told.addProperty("function", evaluator.getMiningFunction().value());
        told.add("inputs", inputs);
        told.add("targets", targets);
        told.add("outputs", outputs);
        return told;
    }

    /** A field's {@code name}, {@code optype}, {@code type}, and the {@code values} that it declares. */
    private static JsonObject field(ModelField field) {
        JsonObject told = new JsonObject();
        told.addProperty("name", field.getName());
        told.addProperty("optype", field.getOpType() == null ? null : field.getOpType().value());
        told.addProperty("type", field.getDataType() == null ? null : field.getDataType().value());
        JsonArray values = new JsonArray();
        Field<?> own = field.getField();
        if (own instanceof DataField) {
            for (Value value : ((DataField) own).getValues()) {
                if (value.getProperty() == Value.Property.VALID) {
                    values.add(String.valueOf(value.requireValue()));
                }
            }
        }
        told.add("values", values);
        return told;
    }
}
