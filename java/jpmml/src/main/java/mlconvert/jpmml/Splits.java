package mlconvert.jpmml;

import java.util.Collection;
import java.util.List;
import java.util.function.Consumer;
import org.dmg.pmml.CompoundPredicate;
import org.dmg.pmml.CompoundPredicate.BooleanOperator;
import org.dmg.pmml.False;
import org.dmg.pmml.Predicate;
import org.dmg.pmml.SimplePredicate;
import org.dmg.pmml.SimplePredicate.Operator;
import org.dmg.pmml.SimpleSetPredicate;
import org.dmg.pmml.True;
import org.dmg.pmml.tree.Node;
import org.dmg.pmml.tree.TreeModel;

/** What libraries decide in another way than the predicates that JPMML writes for them. It is to be called before nodes are merged. */
final class Splits {
    private static final Double INFINITY = Double.POSITIVE_INFINITY;

    private Splits() {
    }

    /**
     * In XGBoost a category goes left unless it is one of those that go right. JPMML names both sides, so that one which the model has
     * never seen would go to neither: here the left side is what is not on the right.
     */
    static void unseenGoLeft(TreeModel tree) {
        forEach(tree.requireNode(), node -> {
            Predicate not = negation(node.getNodes().get(1).requirePredicate());
            if (not != null) {
                node.getNodes().get(0).setPredicate(not);
            }
        });
    }

    /** What holds where a test of categories does not; null for any other predicate. */
    private static Predicate negation(Predicate predicate) {
        if (predicate instanceof SimpleSetPredicate) {
            SimpleSetPredicate right = (SimpleSetPredicate) predicate;
            return new SimpleSetPredicate(right.requireField(), SimpleSetPredicate.BooleanOperator.IS_NOT_IN, right.requireArray());
        }
        if (predicate instanceof SimplePredicate) {
            SimplePredicate right = (SimplePredicate) predicate;
            if (right.requireOperator() == Operator.EQUAL) {
                return new SimplePredicate(right.requireField(), Operator.NOT_EQUAL, right.requireValue());
            }
        }
        return null;
    }

    /**
     * LightGBM tells what is missing from everything else by a threshold of infinity, which PMML has no text for: here it is a test of
     * just that, or none where both go left.
     */
    static void infiniteIsNotMissing(TreeModel tree) {
        forEach(tree.requireNode(), node -> {
            List<Node> children = node.getNodes();
            Predicate left = children.get(0).requirePredicate();
            if (left instanceof SimplePredicate && INFINITY.equals(((SimplePredicate) left).getValue())) {
                boolean all = children.get(0).getId().equals(node.getDefaultChild());
                String field = ((SimplePredicate) left).requireField();
                children.get(0).setPredicate(all ? True.INSTANCE : new SimplePredicate(field, Operator.IS_NOT_MISSING, null));
                children.get(1).setPredicate(all ? False.INSTANCE : new SimplePredicate(field, Operator.IS_MISSING, null));
            }
        });
    }

    /**
     * JPMML's lists of texts do not keep every text: one with a quotation mark, or with white space that is no blank, comes back as
     * another. Here such a set is one test for each of its members.
     */
    static void listsAreSafe(TreeModel tree) {
        forEach(tree.requireNode(), node -> {
            for (Node child : node.getNodes()) {
                Predicate predicate = child.requirePredicate();
                if (predicate instanceof SimpleSetPredicate) {
                    child.setPredicate(oneByOne((SimpleSetPredicate) predicate));
                }
            }
        });
    }

    private static Predicate oneByOne(SimpleSetPredicate set) {
        Collection<?> values = (Collection<?>) set.requireArray().getValue();
        if (values.stream().allMatch(value -> isSafe(String.valueOf(value)))) {
            return set;
        }
        boolean in = set.requireBooleanOperator() == SimpleSetPredicate.BooleanOperator.IS_IN;
        CompoundPredicate all = new CompoundPredicate(in ? BooleanOperator.OR : BooleanOperator.AND, null);
        for (Object value : values) {
            all.addPredicates(new SimplePredicate(set.requireField(), in ? Operator.EQUAL : Operator.NOT_EQUAL, value));
        }
        return all;
    }

    private static boolean isSafe(String text) {
        return text.chars().allMatch(one -> one == ' ' || (one != '"' && !Character.isWhitespace(one) && !Character.isSpaceChar(one)));
    }

    private static void forEach(Node node, Consumer<Node> action) {
        if (node.hasNodes()) {
            action.accept(node);
            node.getNodes().forEach(child -> forEach(child, action));
        }
    }
}
