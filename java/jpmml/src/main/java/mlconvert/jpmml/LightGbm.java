package mlconvert.jpmml;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import java.io.BufferedInputStream;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.dmg.pmml.PMML;
import org.jpmml.lightgbm.GBDT;
import org.jpmml.lightgbm.HasLightGBMOptions;
import org.jpmml.lightgbm.LightGBMUtil;

/**
 * LightGBM's text to PMML: {@code source}, {@code out}, {@code target} (the name of what is predicted), {@code labels} (a classifier's,
 * as text) and {@code compact} (fewer nodes, which decide the same).
 */
final class LightGbm implements Command {
    @Override
    public JsonObject run(JsonObject request) throws Exception {
        GBDT model;
        try (InputStream in = new BufferedInputStream(Files.newInputStream(Path.of(request.get("source").getAsString())))) {
            model = LightGBMUtil.loadGBDT(in);
        }
        Map<String, ?> options = Map.of(HasLightGBMOptions.OPTION_COMPACT, request.get("compact").getAsBoolean());
        String[] labels = new Gson().fromJson(request.get("labels"), String[].class);
        PMML pmml = model.encodePMML(options, request.get("target").getAsString(), labels == null ? null : List.of(labels));
        Documents.write(pmml, Path.of(request.get("out").getAsString()));
        return new JsonObject();
    }
}
