package mlconvert.jpmml;

import com.google.gson.JsonObject;
import java.io.BufferedInputStream;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.dmg.pmml.DataType;
import org.dmg.pmml.Model;
import org.dmg.pmml.tree.TreeModel;
import org.jpmml.converter.ContinuousLabel;
import org.jpmml.converter.ModelEncoder;
import org.jpmml.converter.PredicateManager;
import org.jpmml.converter.Schema;
import org.jpmml.xgboost.Learner;
import org.jpmml.xgboost.RegTree;
import org.jpmml.xgboost.XGBoostEncoder;
import org.jpmml.xgboost.XGBoostUtil;
import org.jpmml.xgboost.visitors.TreeModelCompactor;

/**
 * XGBoost's JSON to PMML: {@code source}, {@code out}, {@code compact} (fewer nodes, which decide the same), and what
 * {@link Columns}, {@link Ensemble} and {@link Documents} ask for.
 */
final class XgBoost implements Command {
    @Override
    public JsonObject run(JsonObject request) throws Exception {
        Learner learner;
        try (InputStream in = new BufferedInputStream(Files.newInputStream(Path.of(request.get("source").getAsString())))) {
            learner = XGBoostUtil.loadLearner(in);
        }
        ModelEncoder encoder = new XGBoostEncoder();
        Schema schema = Columns.schema(request, encoder);
        Schema own = schema.toRelabeledSchema(new ContinuousLabel(DataType.FLOAT));
        PredicateManager predicates = new PredicateManager();
        List<TreeModel> encoded = new ArrayList<>();
        for (RegTree tree : learner.gbtree().trees()) {
            TreeModel made = tree.encodeTreeModel(learner.obj(), null, predicates, own);
            Splits.unseenGoLeft(made);
            Splits.listsAreSafe(made);
            if (request.get("compact").getAsBoolean()) {
                new TreeModelCompactor().applyTo(made);
            }
            encoded.add(made);
        }
        Model made = new Ensemble(request, schema, encoded).model().setAlgorithmName("XGBoost");
        Documents.write(encoder.encodePMML(made), request);
        return new JsonObject();
    }
}
