package mlconvert.jpmml;

import java.util.List;
import org.dmg.pmml.DerivedField;
import org.dmg.pmml.Model;
import org.dmg.pmml.PMML;
import org.jpmml.sklearn.SkLearnEncoder;
import sklearn.Estimator;
import sklearn.pipeline.SkLearnPipeline;

/**
 * An estimator or pipeline with names for its columns and for what it predicts. Fields of the document are called after the step that
 * computes them; two steps of one class on one column would be called alike, so the second field's name gets a number.
 */
final class NamedPipeline extends SkLearnPipeline {
    private static final long serialVersionUID = 1L;

    NamedPipeline(Object estimator) {
        super("sklearn.pipeline", "Pipeline");
        setOnlyStep("estimator", estimator);
    }

    PMML encode(List<String> columns, List<String> targets) {
        Encoder encoder = new Encoder();
        initLabel(targets, encoder);
        initFeatures(columns, encoder);
        Estimator last = getFinalEstimator();
        Model model = last.encode(this, encoder.createSchema());
        encoder.setModel(model);
        return encoder.encodePMML(model);
    }

    private static final class Encoder extends SkLearnEncoder {
        @Override
        public void addDerivedField(DerivedField field) {
            String name = field.getName();
            for (int number = 2; getDerivedFields().containsKey(field.getName()); number++) {
                field.setName(name + "#" + number);
            }
            super.addDerivedField(field);
        }
    }
}
