package mlconvert.jpmml;

import java.util.List;
import org.dmg.pmml.Model;
import org.dmg.pmml.Output;
import org.dmg.pmml.OutputField;
import org.dmg.pmml.PMML;
import org.dmg.pmml.ResultFeature;
import org.dmg.pmml.VisitorAction;
import org.dmg.pmml.mining.Segment;
import org.dmg.pmml.mining.Segmentation;
import org.jpmml.model.visitors.AbstractVisitor;

/**
 * Models that feed the last one of a chain. JPMML lets each of them announce its probabilities as results of the whole, and two of them,
 * or one and the last, under the same name. What the chain itself reads goes by other names.
 */
final class Chains extends AbstractVisitor {
    private Chains() {
    }

    /** Takes the results out that are none of the whole. */
    static void quieten(PMML pmml) {
        new Chains().applyTo(pmml);
    }

    @Override
    public VisitorAction visit(Segmentation segmentation) {
        if (segmentation.getMultipleModelMethod() == Segmentation.MultipleModelMethod.MODEL_CHAIN) {
            List<Segment> segments = segmentation.getSegments();
            segments.subList(0, segments.size() - 1).forEach(segment -> quieten(segment.getModel()));
        }
        return super.visit(segmentation);
    }

    private static void quieten(Model model) {
        Output output = model.getOutput();
        if (output != null && output.hasOutputFields()) {
            output.getOutputFields().removeIf(Chains::isResult);
            model.setOutput(output.getOutputFields().isEmpty() ? null : output);
        }
    }

    private static boolean isResult(OutputField field) {
        return field.getResultFeature() == ResultFeature.PROBABILITY && field.getName().startsWith("probability(");
    }
}
