package mlconvert.jpmml;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.google.gson.reflect.TypeToken;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.dmg.pmml.DataField;
import org.dmg.pmml.DataType;
import org.dmg.pmml.PMML;
import org.jpmml.python.Storage;
import org.jpmml.python.StorageUtil;
import org.jpmml.sklearn.SkLearnUnpickler;
import org.jpmml.sklearn.SkLearnUtil;

/**
 * A pickled estimator or pipeline of scikit-learn to PMML: {@code source}, {@code out}, {@code active} (the names of its columns, in
 * order), {@code targets} (the names of what it predicts), {@code texts} (its classes are texts in the document, whatever they are in
 * Python), {@code unseen}, {@code lost}, {@code grouped} and {@code codes} (see {@link Encoders}). No Python object of JPMML's stands in
 * the pickle: the pipeline that carries the names is made here.
 */
final class SkLearn implements Command {
    @Override
    public JsonObject run(JsonObject request) throws Exception {
        SkLearnUtil.initOnce();
        Object estimator;
        try (Storage storage = StorageUtil.createStorage(Path.of(request.get("source").getAsString()).toFile())) {
            estimator = new SkLearnUnpickler().load(storage);
        }
        Set<String> targets = names(request, "targets");
        PMML pmml = new NamedPipeline(estimator).encode(list(request, "active"), list(request, "targets"));
        Map<String, Double> codes = new Gson().fromJson(request.get("codes"), new TypeToken<Map<String, Double>>() { }.getType());
        Encoders.mend(pmml, names(request, "unseen"), names(request, "lost"), names(request, "grouped"), codes);
        Transformers.mend(pmml);
        Chains.quieten(pmml);
        Margins.compare(pmml);
        if (request.get("texts").getAsBoolean()) {
            for (DataField field : pmml.getDataDictionary().getDataFields()) {
                field.setDataType(targets.contains(field.getName()) ? DataType.STRING : field.getDataType());
            }
        }
        Documents.write(pmml, Path.of(request.get("out").getAsString()));
        return new JsonObject();
    }

    private static List<String> list(JsonObject request, String field) {
        return List.of(new Gson().fromJson(request.get(field), String[].class));
    }

    private static Set<String> names(JsonObject request, String field) {
        return Set.copyOf(list(request, field));
    }
}
