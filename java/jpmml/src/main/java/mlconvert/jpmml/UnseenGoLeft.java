package mlconvert.jpmml;

import java.util.List;
import org.dmg.pmml.Predicate;
import org.dmg.pmml.SimplePredicate;
import org.dmg.pmml.SimpleSetPredicate;
import org.dmg.pmml.tree.Node;
import org.dmg.pmml.tree.TreeModel;

/**
 * In XGBoost a category goes left unless it is one of those that go right. JPMML names both sides, so that one which the model has never
 * seen would go to neither: here the left side is what is not on the right.
 */
final class UnseenGoLeft {
    private UnseenGoLeft() {
    }

    static void in(List<TreeModel> trees) {
        trees.forEach(tree -> in(tree.requireNode()));
    }

    private static void in(Node node) {
        if (!node.hasNodes()) {
            return;
        }
        List<Node> children = node.getNodes();
        Predicate not = negation(children.get(1).requirePredicate());
        if (not != null) {
            children.get(0).setPredicate(not);
        }
        children.forEach(UnseenGoLeft::in);
    }

    /** What holds where a test of categories does not; null for any other predicate. */
    private static Predicate negation(Predicate predicate) {
        if (predicate instanceof SimpleSetPredicate) {
            SimpleSetPredicate right = (SimpleSetPredicate) predicate;
            return new SimpleSetPredicate(right.requireField(), SimpleSetPredicate.BooleanOperator.IS_NOT_IN, right.requireArray());
        }
        if (predicate instanceof SimplePredicate) {
            SimplePredicate right = (SimplePredicate) predicate;
            if (right.requireOperator() == SimplePredicate.Operator.EQUAL) {
                return new SimplePredicate(right.requireField(), SimplePredicate.Operator.NOT_EQUAL, right.requireValue());
            }
        }
        return null;
    }
}
