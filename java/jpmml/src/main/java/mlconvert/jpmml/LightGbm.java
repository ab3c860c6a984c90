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
import org.jpmml.converter.Label;
import org.jpmml.converter.ModelEncoder;
import org.jpmml.converter.PredicateManager;
import org.jpmml.converter.Schema;
import org.jpmml.lightgbm.GBDT;
import org.jpmml.lightgbm.LightGBMEncoder;
import org.jpmml.lightgbm.LightGBMUtil;
import org.jpmml.lightgbm.ObjectiveFunction;
import org.jpmml.lightgbm.Section;
import org.jpmml.lightgbm.Tree;
import org.jpmml.lightgbm.visitors.TreeModelCompactor;

/**
 * LightGBM's text to PMML: {@code source}, {@code out}, {@code compact} (fewer nodes, which decide the same), and what
 * {@link Columns}, {@link Ensemble} and {@link Documents} ask for.
 */
final class LightGbm implements Command {
    @Override
    public JsonObject run(JsonObject request) throws Exception {
        GBDT model;
        try (InputStream in = new BufferedInputStream(Files.newInputStream(Path.of(request.get("source").getAsString())))) {
            model = LightGBMUtil.loadGBDT(in);
        }
        ModelEncoder encoder = new LightGBMEncoder();
        Schema schema = Columns.schema(request, encoder);
        model.setObjectiveFunction(new Told(request));
        Documents.write(encoder.encodePMML(model.encodeModel((Integer) null, schema)), request);
        return new JsonObject();
    }

    /** The objective of the request, in the place of JPMML's own. */
    private static final class Told extends ObjectiveFunction {
        private final JsonObject request;

        Told(JsonObject request) {
            super(new Section());
            this.request = request;
        }

        @Override
        public Label encodeLabel(String name, List<?> categories, ModelEncoder encoder) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Model encodeModel(List<Tree> trees, Integer iterations, Schema schema) {
            PredicateManager predicates = new PredicateManager();
            Schema own = schema.toRelabeledSchema(new ContinuousLabel(DataType.DOUBLE));
            List<TreeModel> encoded = new ArrayList<>();
            for (Tree tree : trees) {
                TreeModel made = tree.encodeTreeModel(predicates, own);
                Splits.infiniteIsNotMissing(made);
                Splits.listsAreSafe(made);
                if (request.get("compact").getAsBoolean()) {
                    new TreeModelCompactor().applyTo(made);
                }
                encoded.add(made);
            }
            return new Ensemble(request, schema, encoded).model();
        }
    }
}
