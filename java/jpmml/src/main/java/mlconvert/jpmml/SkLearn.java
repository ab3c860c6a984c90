package mlconvert.jpmml;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.List;
import org.dmg.pmml.DataField;
import org.dmg.pmml.DataType;
import org.dmg.pmml.PMML;
import org.jpmml.python.Storage;
import org.jpmml.python.StorageUtil;
import org.jpmml.sklearn.SkLearnUnpickler;
import org.jpmml.sklearn.SkLearnUtil;

/**
 * A pickled estimator or pipeline of scikit-learn to PMML: {@code source}, {@code out}, {@code active} (the names of its columns, in
 * order), {@code target} (the name of what it predicts) and {@code texts} (its classes are texts in the document, whatever they are in
 * Python). No Python object of JPMML's stands in the pickle: the pipeline that carries the names is made here.
 */
final class SkLearn implements Command {
    @Override
    public JsonObject run(JsonObject request) throws Exception {
        SkLearnUtil.initOnce();
        Object estimator;
        try (Storage storage = StorageUtil.createStorage(Path.of(request.get("source").getAsString()).toFile())) {
            estimator = new SkLearnUnpickler().load(storage);
        }
        String target = request.get("target").getAsString();
        PMML pmml = new NamedPipeline(estimator).encode(List.of(new Gson().fromJson(request.get("active"), String[].class)), target);
        Chains.quieten(pmml);
        Margins.compare(pmml);
        if (request.get("texts").getAsBoolean()) {
            for (DataField field : pmml.getDataDictionary().getDataFields()) {
                field.setDataType(field.getName().equals(target) ? DataType.STRING : field.getDataType());
            }
        }
        Documents.write(pmml, Path.of(request.get("out").getAsString()));
        return new JsonObject();
    }
}
