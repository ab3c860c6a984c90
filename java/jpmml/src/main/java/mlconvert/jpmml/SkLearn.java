package mlconvert.jpmml;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.List;
import org.dmg.pmml.PMML;
import org.jpmml.python.Storage;
import org.jpmml.python.StorageUtil;
import org.jpmml.sklearn.EncodableUtil;
import org.jpmml.sklearn.SkLearnUnpickler;
import org.jpmml.sklearn.SkLearnUtil;
import sklearn2pmml.pipeline.PMMLPipeline;

/**
 * A pickled estimator or pipeline of scikit-learn to PMML: {@code source}, {@code out}, {@code active} (the names of its columns, in
 * order) and {@code target} (the name of what it predicts). No Python object of JPMML's stands in the pickle: the pipeline that carries
 * the names is made here.
 */
final class SkLearn implements Command {
    @Override
    public JsonObject run(JsonObject request) throws Exception {
        SkLearnUtil.initOnce();
        Object estimator;
        try (Storage storage = StorageUtil.createStorage(Path.of(request.get("source").getAsString()).toFile())) {
            estimator = new SkLearnUnpickler().load(storage);
        }
        PMMLPipeline pipeline = new PMMLPipeline()
                .setOnlyStep("estimator", estimator)
                .setActiveFields(List.of(new Gson().fromJson(request.get("active"), String[].class)))
                .setTargetFields(List.of(request.get("target").getAsString()));
        PMML pmml = EncodableUtil.encodePMML(EncodableUtil.toEncodable(pipeline));
        Documents.write(pmml, Path.of(request.get("out").getAsString()));
        return new JsonObject();
    }
}
