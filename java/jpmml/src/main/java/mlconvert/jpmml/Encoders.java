package mlconvert.jpmml;

import java.util.Map;
import java.util.Set;
import org.dmg.pmml.Cell;
import org.dmg.pmml.DerivedField;
import org.dmg.pmml.InvalidValueTreatmentMethod;
import org.dmg.pmml.MapValues;
import org.dmg.pmml.MiningField;
import org.dmg.pmml.NormDiscrete;
import org.dmg.pmml.PMML;
import org.dmg.pmml.VisitorAction;
import org.jpmml.model.cells.InputCell;
import org.jpmml.model.visitors.AbstractVisitor;

/** What scikit-learn's encoders make of values that they do not know, and of missing ones, where JPMML makes something else of them. */
final class Encoders extends AbstractVisitor {
    private static final String MISSING = "NaN";

    private final Map<String, Double> codes;

    private Encoders(Map<String, Double> codes) {
        this.codes = codes;
    }

    /**
     * Changes a document.
     *
     * @param unseen columns that may hold a category nobody knows; JPMML refuses it where it has a default for it, too
     * @param lost columns where such a category is as good as a missing value
     * @param grouped columns whose missing values an encoder takes for infrequent ones
     * @param codes what encoders make of missing values, by column
     */
    static void mend(PMML pmml, Set<String> unseen, Set<String> lost, Set<String> grouped, Map<String, Double> codes) {
        new Encoders(codes).applyTo(pmml);
        for (MiningField field : pmml.getModels().get(0).getMiningSchema().getMiningFields()) {
            if (unseen.contains(field.getName()) && field.getInvalidValueReplacement() == null) {
                boolean isLost = lost.contains(field.getName());
                field.setInvalidValueTreatment(isLost ? InvalidValueTreatmentMethod.AS_MISSING : InvalidValueTreatmentMethod.AS_IS);
            }
            if (grouped.contains(field.getName())) {
                field.setMissingValueReplacement(field.getInvalidValueReplacement());
            }
        }
    }

    /** A category that is missing is none of the others. */
    @Override
    public VisitorAction visit(NormDiscrete indicator) {
        if (indicator.getMapMissingTo() == null) {
            indicator.setMapMissingTo(0);
        }
        return super.visit(indicator);
    }

    @Override
    public VisitorAction visit(DerivedField field) {
        if (field.getExpression() instanceof MapValues) {
            MapValues map = (MapValues) field.getExpression();
            String column = map.getFieldColumnPairs().get(0).getField();
            boolean isCategory = dropMissing(map);
            map.setMapMissingTo(codes.containsKey(column) ? codes.get(column) : isCategory ? null : map.getDefaultValue());
        }
        return super.visit(field);
    }

    /** Takes the row of NaN out, which a missing value never finds: it is no text. Says whether there was one. */
    private static boolean dropMissing(MapValues map) {
        return map.getInlineTable().getRows().removeIf(row -> row.getContent().stream()
                .anyMatch(cell -> cell instanceof InputCell && MISSING.equals(String.valueOf(((Cell) cell).getValue()))));
    }
}
