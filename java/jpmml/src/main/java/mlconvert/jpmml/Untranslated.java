package mlconvert.jpmml;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.dmg.pmml.MiningField;
import org.dmg.pmml.Model;
import org.dmg.pmml.Output;
import org.dmg.pmml.OutputField;
import org.dmg.pmml.PMML;
import org.dmg.pmml.VisitorAction;
import org.dmg.pmml.mining.MiningModel;
import org.dmg.pmml.mining.Segment;
import org.dmg.pmml.mining.Segmentation;
import org.dmg.pmml.tree.TreeModel;
import org.jpmml.model.UnsupportedMarkupException;
import org.jpmml.model.visitors.AbstractVisitor;
import org.jpmml.translator.ModelTranslatorFactory;
import org.jpmml.translator.tree.TreeModelTranslator;

/** What JPMML's translator makes no code of, so that the evaluator goes through its elements. */
final class Untranslated {
    private Untranslated() {
    }

    /** Why the first model that stays as it is does: one that is neither code nor made of models that are. Empty where none does. */
    static String in(PMML pmml) {
        List<String> reasons = new ArrayList<>();
        new AbstractVisitor() {
            @Override
            public VisitorAction visit(Model model) {
                try {
                    ModelTranslatorFactory.getInstance().newModelTranslator(pmml, model);
                    return VisitorAction.SKIP;
                } catch (UnsupportedMarkupException unknown) {
                    if (!(model instanceof MiningModel)) {
                        reasons.add(reason(pmml, model, unknown));
                    }
                    return VisitorAction.CONTINUE;
                }
            }
        }.applyTo(pmml);
        return reasons.isEmpty() ? "" : reasons.get(0);
    }

    /** The factory says no more than that nothing takes the model; of trees their own translator knows why. */
    private static String reason(PMML pmml, Model model, UnsupportedMarkupException unknown) {
        try {
            if (model instanceof TreeModel) {
                new TreeModelTranslator(pmml, (TreeModel) model);
            }
        } catch (UnsupportedMarkupException known) {
            return String.valueOf(known.getMessage());
        }
        return String.valueOf(unknown.getMessage());
    }

    /**
     * Keeps the translator from chains that it gets wrong: it takes for granted that all models but the last one are asked for fields
     * of the document, and none for what one before it has answered. It leaves alone what has a second output, so the first model of
     * such a chain gets one, which nobody asks for; each model of the chain is then translated by itself.
     */
    static void keepApart(PMML pmml) {
        new AbstractVisitor() {
            @Override
            public VisitorAction visit(Segmentation chain) {
                if (chain.getMultipleModelMethod() == Segmentation.MultipleModelMethod.MODEL_CHAIN && isDeep(chain)) {
                    Output first = chain.getSegments().get(0).requireModel().getOutput();
                    OutputField own = first.getOutputFields().get(0);
                    first.addOutputFields(
                            new OutputField(own.requireName() + "_again", own.getOpType(), own.getDataType()).setFinalResult(false));
                }
                return VisitorAction.CONTINUE;
            }
        }.applyTo(pmml);
    }

    /** Whether a model of the chain other than its last is asked for what one before it answers. */
    private static boolean isDeep(Segmentation chain) {
        List<Segment> segments = chain.getSegments();
        Set<String> answered = new HashSet<>();
        for (Segment segment : segments.subList(0, segments.size() - 1)) {
            Model model = segment.requireModel();
            for (MiningField field : model.requireMiningSchema().getMiningFields()) {
                if (answered.contains(field.requireName())) {
                    return true;
                }
            }
            if (model.getOutput() != null) {
                model.getOutput().getOutputFields().forEach(field -> answered.add(field.requireName()));
            }
        }
        return false;
    }
}
