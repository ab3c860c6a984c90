package mlconvert.jpmml;

import org.dmg.pmml.Expression;
import org.dmg.pmml.FieldRef;
import org.dmg.pmml.PMMLFunctions;
import org.dmg.pmml.regression.RegressionModel.NormalizationMethod;
import org.jpmml.converter.ExpressionUtil;
import org.jpmml.converter.Transformation;
import org.jpmml.converter.transformations.AbstractTransformation;

/** The links of regressors, which docs/forest.md defines, in PMML's own functions. */
final class Links {
    private Links() {
    }

    /** The link that PMML has as a normalization; {@code NONE} for the others, which {@link #transformation} has. */
    static NormalizationMethod normalization(String link) {
        switch (link) {
            case "sigmoid":
                return NormalizationMethod.LOGIT;
            case "exp":
                return NormalizationMethod.EXP;
            default:
                return NormalizationMethod.NONE;
        }
    }

    /** The link as an expression of the margin, under a name that ends with {@code mark}; null where PMML has it already. */
    static Transformation transformation(String link, String mark) {
        switch (link) {
            case "square":
                return named(link + mark, margin -> ExpressionUtil.createApply(
                        PMMLFunctions.MULTIPLY, margin, ExpressionUtil.createApply(PMMLFunctions.ABS, margin)));
            case "softplus":
                return named(link + mark, margin -> ExpressionUtil.createApply(
                        PMMLFunctions.LN1P, ExpressionUtil.createApply(PMMLFunctions.EXP, margin)));
            case "step":
                return named(link + mark, margin -> ExpressionUtil.createApply(
                        PMMLFunctions.IF, ExpressionUtil.createApply(PMMLFunctions.GREATERTHAN, margin, ExpressionUtil.createConstant(0)),
                        ExpressionUtil.createConstant(1), ExpressionUtil.createConstant(0)));
            default:
                return null;
        }
    }

    private interface Function {
        Expression of(FieldRef margin);
    }

    private static Transformation named(String name, Function function) {
        return new AbstractTransformation() {
            @Override
            public String getName(String margin) {
                return name;
            }

            @Override
            public Expression createExpression(FieldRef margin) {
                return function.of(margin);
            }
        };
    }
}
