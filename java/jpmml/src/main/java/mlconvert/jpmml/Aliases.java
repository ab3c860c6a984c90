package mlconvert.jpmml;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.dmg.pmml.Field;
import org.dmg.pmml.PMML;
import org.dmg.pmml.PMMLObject;
import org.dmg.pmml.VisitorAction;
import org.jpmml.model.visitors.AbstractVisitor;
import org.jpmml.model.visitors.FieldRenamer;

/**
 * Names for a model's fields that JPMML's translator can do no harm with.
 *
 * <p>It takes {@code Column_0} and {@code Column_3} for elements of one array, and makes one Java identifier of {@code g.h} and
 * {@code gh}, or of {@code A} and {@code a}. So it sees aliases, each the start of an identifier of its own; where they come out as
 * literals of the source they are turned back. The class has the model's own names, and takes no step more for it.
 */
final class Aliases {
    private static final int LONGEST = 40;

    private final Map<String, String> aliases = new LinkedHashMap<>();
    private final Map<String, String> names = new HashMap<>();
    private final String mark;

    /**
     * Renames the fields of a document.
     *
     * @param pmml the document, which is changed
     * @param digest of the document: hexadecimal digits, which nothing in it can therefore hold
     */
    Aliases(PMML pmml, String digest) {
        mark = "_" + digest + "f";
        new AbstractVisitor() {
            @Override
            public VisitorAction visit(PMMLObject object) {
                // The inputs of a neural network are fields without names.
                if (object instanceof Field && ((Field<?>) object).getName() != null) {
                    add(((Field<?>) object).requireName());
                }
                return VisitorAction.CONTINUE;
            }
        }.applyTo(pmml);
        new FieldRenamer(aliases).applyTo(pmml);
    }

    private void add(String name) {
        if (!aliases.containsKey(name)) {
            String readable = name.replaceAll("[^A-Za-z0-9_]", "");
            String alias = readable.substring(0, Math.min(readable.length(), LONGEST)) + mark + aliases.size();
            aliases.put(name, alias);
            names.put(alias, name);
        }
    }

    /** What a literal stands for: a field's name for its alias, and itself for anything else. */
    String restored(String literal) {
        return names.getOrDefault(literal, literal);
    }

    /** An identifier without what makes aliases unlike everything else in the document; their numbers keep them apart. */
    String shortened(String identifier) {
        return identifier.replace(mark, "_f");
    }

    /** Whether some alias is in a text. */
    boolean standIn(String text) {
        return text.contains(mark);
    }
}
