package mlconvert.jpmml;

import java.util.List;
import org.dmg.pmml.Model;
import org.dmg.pmml.PMML;
import org.dmg.pmml.ResultFeature;
import org.dmg.pmml.mining.MiningModel;
import org.dmg.pmml.mining.Segment;
import org.dmg.pmml.mining.Segmentation;
import org.dmg.pmml.regression.RegressionModel;

/**
 * One class against the rest, decided by margins. JPMML squeezes each margin into a probability first, and two that are large are the
 * same then. Where the document gives no probabilities, the margins themselves are compared.
 */
final class Margins {
    private Margins() {
    }

    /** Changes a document whose model is a chain of margins and what picks the largest; any other is left as it is. */
    static void compare(PMML pmml) {
        Model model = pmml.getModels().get(0);
        if (!(model instanceof MiningModel)) {
            return;
        }
        Segmentation segmentation = ((MiningModel) model).getSegmentation();
        List<Segment> segments = segmentation.getSegments();
        Model last = segments.get(segments.size() - 1).getModel();
        boolean picks = last instanceof RegressionModel
                && ((RegressionModel) last).getNormalizationMethod() == RegressionModel.NormalizationMethod.SIMPLEMAX;
        if (segmentation.getMultipleModelMethod() != Segmentation.MultipleModelMethod.MODEL_CHAIN || !picks
                || givesProbabilities(model) || givesProbabilities(last)) {
            return;
        }
        ((RegressionModel) last).setNormalizationMethod(RegressionModel.NormalizationMethod.SOFTMAX);
        for (Segment segment : segments.subList(0, segments.size() - 1)) {
            if (segment.getModel() instanceof RegressionModel) {
                ((RegressionModel) segment.getModel()).setNormalizationMethod(RegressionModel.NormalizationMethod.NONE);
            }
        }
    }

    private static boolean givesProbabilities(Model model) {
        return model.getOutput() != null
                && model.getOutput().getOutputFields().stream().anyMatch(field -> field.getResultFeature() == ResultFeature.PROBABILITY);
    }
}
