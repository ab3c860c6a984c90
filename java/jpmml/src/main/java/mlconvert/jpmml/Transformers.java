package mlconvert.jpmml;

import java.util.List;
import org.dmg.pmml.DataType;
import org.dmg.pmml.DefineFunction;
import org.dmg.pmml.DerivedField;
import org.dmg.pmml.FieldRef;
import org.dmg.pmml.LocalTransformations;
import org.dmg.pmml.OpType;
import org.dmg.pmml.PMML;
import org.dmg.pmml.PMMLFunctions;
import org.dmg.pmml.TextIndex;
import org.dmg.pmml.TransformationDictionary;
import org.dmg.pmml.VisitorAction;
import org.jpmml.converter.ExpressionUtil;
import org.jpmml.model.visitors.AbstractVisitor;

/** Where scikit-learn's transformers compute otherwise than JPMML has them do. */
final class Transformers extends AbstractVisitor {
    /** Norms below it are taken for 0, and a row without one is left as it is: ten times float64's epsilon, as in scikit-learn. */
    private static final double LEAST_NORM = 10 * Math.ulp(1.0);

    private Transformers() {
    }

    static void mend(PMML pmml) {
        new Transformers().applyTo(pmml);
    }

    /** Bins begin at their edges: scikit-learn has compared with the edges themselves since 1.1, and adds nothing to a value. */
    @Override
    public VisitorAction visit(DefineFunction function) {
        if (function.getName().equals("add_eps")) {
            function.setExpression(new FieldRef("x"));
        }
        return super.visit(function);
    }

    /** What makes capitals small has done so before; otherwise they are letters of their own. */
    @Override
    public VisitorAction visit(TextIndex index) {
        index.setCaseSensitive(true);
        return super.visit(index);
    }

    @Override
    public VisitorAction visit(LocalTransformations transformations) {
        if (transformations.hasDerivedFields()) {
            mendNorms(transformations.getDerivedFields());
        }
        return super.visit(transformations);
    }

    @Override
    public VisitorAction visit(TransformationDictionary transformations) {
        if (transformations.hasDerivedFields()) {
            mendNorms(transformations.getDerivedFields());
        }
        return super.visit(transformations);
    }

    private static void mendNorms(List<DerivedField> fields) {
        for (int i = 0; i < fields.size(); i++) {
            DerivedField norm = fields.get(i);
            if (norm.getName().startsWith("norm(")) {
                String name = norm.getName();
                norm.setName("raw " + name);
                FieldRef raw = new FieldRef(norm.getName());
                fields.add(++i, new DerivedField(name, OpType.CONTINUOUS, DataType.DOUBLE, ExpressionUtil.createApply(
                        PMMLFunctions.IF,
                        ExpressionUtil.createApply(PMMLFunctions.LESSTHAN, raw, ExpressionUtil.createConstant(LEAST_NORM)),
                        ExpressionUtil.createConstant(1.0), raw)));
            }
        }
    }
}
