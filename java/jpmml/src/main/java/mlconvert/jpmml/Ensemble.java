package mlconvert.jpmml;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;
import org.dmg.pmml.DataType;
import org.dmg.pmml.MathContext;
import org.dmg.pmml.MiningFunction;
import org.dmg.pmml.MiningSchema;
import org.dmg.pmml.Model;
import org.dmg.pmml.OpType;
import org.dmg.pmml.True;
import org.dmg.pmml.mining.MiningModel;
import org.dmg.pmml.mining.Segmentation.MissingPredictionTreatment;
import org.dmg.pmml.mining.Segmentation.MultipleModelMethod;
import org.dmg.pmml.regression.RegressionModel;
import org.dmg.pmml.regression.RegressionModel.NormalizationMethod;
import org.dmg.pmml.regression.RegressionTable;
import org.dmg.pmml.tree.LeafNode;
import org.dmg.pmml.tree.TreeModel;
import org.jpmml.converter.CategoricalLabel;
import org.jpmml.converter.ContinuousFeature;
import org.jpmml.converter.ContinuousLabel;
import org.jpmml.converter.Label;
import org.jpmml.converter.ModelUtil;
import org.jpmml.converter.MultiLabel;
import org.jpmml.converter.ScalarLabel;
import org.jpmml.converter.Schema;
import org.jpmml.converter.Transformation;
import org.jpmml.converter.mining.MiningModelUtil;
import org.jpmml.converter.regression.RegressionModelUtil;

/**
 * One model of the trees that JPMML has encoded: summed in the source's order and width, with the source's link.
 *
 * <p>In a request: {@code sum} ({@code double} or {@code float}); {@code tree_output}, for each tree the output that it adds to;
 * {@code base}, what each output's sum begins with; {@code divisor} (a sum is divided by its number of trees, where it is not 1); {@code
 * link}, its {@code name} and {@code scale} as docs/forest.md has them.
 */
final class Ensemble {
    private static final String MARGIN = "margin";
    private static final String LINKED = "linked";

    private final JsonObject request;
    private final Schema schema;
    private final List<TreeModel> trees;
    private final DataType sum;
    private final String link;
    private final double scale;

    Ensemble(JsonObject request, Schema schema, List<TreeModel> trees) {
        this.request = request;
        this.schema = schema;
        this.trees = trees;
        sum = Columns.sum(request);
        link = request.getAsJsonObject("link").get("name").getAsString();
        scale = request.getAsJsonObject("link").get("scale").getAsDouble();
    }

    Model model() {
        Label label = schema.getLabel();
        if (label instanceof CategoricalLabel) {
            return classifier((CategoricalLabel) label);
        }
        if (!(label instanceof MultiLabel)) {
            return regressor(0, (ScalarLabel) label, "");
        }
        List<Model> models = new ArrayList<>();
        for (Label one : ((MultiLabel) label).getLabels()) {
            ScalarLabel own = (ScalarLabel) one;
            models.add(regressor(models.size(), own, "(" + own.getName() + ")"));
        }
        return MiningModelUtil.createMultiModelChain(models, MissingPredictionTreatment.CONTINUE);
    }

    private Model classifier(CategoricalLabel label) {
        if (request.getAsJsonArray("base").size() == 1) {
            return ofTwo(label);
        }
        List<Model> models = new ArrayList<>();
        List<RegressionTable> tables = new ArrayList<>();
        for (Object category : label.getValues()) {
            String name = MARGIN + "(" + category + ")";
            models.add(named(sum(models.size(), new ContinuousLabel(sum)), name));
            tables.add(table(name, scale, 0).setTargetCategory(category));
        }
        models.add(last(label, tables, NormalizationMethod.SOFTMAX));
        return MiningModelUtil.createModelChain(models, MissingPredictionTreatment.RETURN_MISSING);
    }

    /**
     * Of two classes: p by the link alone, then 1 - p and p. Of equal probabilities engines take the class that stands first, which is
     * the source's, too; with a link in the last model the second class would have to.
     */
    private Model ofTwo(CategoricalLabel label) {
        Model first = named(sum(0, new ContinuousLabel(sum)), MARGIN);
        Model linked = linked(new ContinuousLabel(sum), MARGIN);
        linked.setOutput(ModelUtil.createPredictedOutput(LINKED, OpType.CONTINUOUS, sum));
        List<RegressionTable> tables = List.of(
                table(LINKED, -1, 1).setTargetCategory(label.getValue(0)), table(LINKED, 1, 0).setTargetCategory(label.getValue(1)));
        Model last = last(label, tables, NormalizationMethod.SIMPLEMAX);
        return MiningModelUtil.createModelChain(List.of(first, linked, last), MissingPredictionTreatment.RETURN_MISSING);
    }

    private RegressionModel last(CategoricalLabel label, List<RegressionTable> tables, NormalizationMethod method) {
        return new RegressionModel(MiningFunction.CLASSIFICATION, ModelUtil.createMiningSchema(label), tables)
                .setNormalizationMethod(method)
                .setOutput(ModelUtil.createProbabilityOutput(DataType.DOUBLE, label));
    }

    private Model regressor(int output, ScalarLabel label, String mark) {
        if (link.equals("identity")) {
            return sum(output, label);
        }
        String name = MARGIN + mark;
        MiningModel first = sum(output, new ContinuousLabel(sum));
        Transformation transformation = Links.transformation(link, mark);
        if (transformation == null) {
            named(first, name);
        } else {
            first.setOutput(ModelUtil.createPredictedOutput(name, OpType.CONTINUOUS, sum, transformation));
            name = transformation.getName(name);
        }
        return MiningModelUtil.createModelChain(List.of(first, linked(label, name)), MissingPredictionTreatment.RETURN_MISSING);
    }

    /**
     * The link alone, from the field of a margin to what comes of it: in double, and then of the source's width. That is nearer to what
     * libraries compute in float than float functions of another mathematical library.
     */
    private RegressionModel linked(ScalarLabel label, String field) {
        return new RegressionModel(MiningFunction.REGRESSION, ModelUtil.createMiningSchema(label), List.of(table(field, scale, 0)))
                .setNormalizationMethod(Links.normalization(link));
    }

    private RegressionTable table(String field, double coefficient, double intercept) {
        ContinuousFeature margin = new ContinuousFeature(schema.getEncoder(), field, sum);
        return RegressionModelUtil.createRegressionTable(List.of(margin), List.of(coefficient), intercept);
    }

    private MiningModel named(MiningModel model, String name) {
        return model.setOutput(ModelUtil.createPredictedOutput(name, OpType.CONTINUOUS, sum));
    }

    /** The sum of an output's trees, which begins with its base: as a tree of one leaf, so that it is added first. */
    private MiningModel sum(int output, ScalarLabel label) {
        List<TreeModel> own = new ArrayList<>();
        MathContext context = sum == DataType.FLOAT ? MathContext.FLOAT : null;
        double base = request.getAsJsonArray("base").get(output).getAsDouble();
        if (base != 0) {
            Number score = sum == DataType.FLOAT ? (Number) (float) base : (Number) base;
            MiningSchema nothing = ModelUtil.createMiningSchema(new ContinuousLabel(sum));
            own.add(new TreeModel(MiningFunction.REGRESSION, nothing, new LeafNode(score, True.INSTANCE)).setMathContext(context));
        }
        JsonArray outputs = request.getAsJsonArray("tree_output");
        for (int tree = 0; tree < trees.size(); tree++) {
            if (outputs.get(tree).getAsInt() == output) {
                own.add(trees.get(tree));
            }
        }
        boolean mean = request.get("divisor").getAsDouble() != 1;
        return new MiningModel(MiningFunction.REGRESSION, ModelUtil.createMiningSchema(label))
                .setMathContext(context)
                .setSegmentation(MiningModelUtil.createSegmentation(
                        mean ? MultipleModelMethod.AVERAGE : MultipleModelMethod.SUM, MissingPredictionTreatment.RETURN_MISSING, own));
    }
}
