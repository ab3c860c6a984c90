package mlconvert.jpmml;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.Map;
import org.dmg.pmml.DataDictionary;
import org.dmg.pmml.DataField;
import org.dmg.pmml.DataType;
import org.dmg.pmml.OpType;
import org.dmg.pmml.PMML;
import org.junit.jupiter.api.Test;

class RewritingTest {
    private static final String DIGEST = "0123456789abcdef";

    private final PMML pmml = new PMML();
    private final Map<String, String> resources = new HashMap<>();

    private Rewriting of(String... names) {
        DataDictionary dictionary = new DataDictionary();
        for (String name : names) {
            dictionary.addDataFields(new DataField(name, OpType.CONTINUOUS, DataType.DOUBLE));
        }
        pmml.setDataDictionary(dictionary);
        return new Rewriting(new Aliases(pmml, DIGEST), resources);
    }

    private String alias(int field) {
        return pmml.getDataDictionary().getDataFields().get(field).requireName();
    }

    @Test
    void namesComeBackAsLiterals() throws RefusedException {
        Rewriting rewriting = of("Column_0", "a\"b\\c\n\u65e5");
        String source = "double " + alias(0) + "2fp = get(\"" + alias(0) + "\", \"" + alias(1) + "\");";
        assertEquals("double Column_0_f02fp = get(\"Column_0\", \"a\\\"b\\\\c\\n\\u65e5\");", rewriting.of(source));
    }

    @Test
    void aliasesAreIdentifiersOfTheirOwn() {
        of("g.h", "gh", "A", "a", "\u65e5", "x_1");
        long distinct = pmml.getDataDictionary().getDataFields().stream()
                .map(field -> field.requireName().toLowerCase(java.util.Locale.ROOT)).distinct().count();
        assertEquals(6, distinct);
        assertTrue(alias(4).matches("[A-Za-z_][A-Za-z0-9_]*"));
    }

    @Test
    void hashCodesBecomeNumbersInOrderOfAppearance() throws RefusedException {
        String source = "build$503353142(a$7, \"a$7\", 'a', 1.0E-7D, build$503353142$0_7); // $9";
        assertEquals("build$1(a$2, \"a$7\", 'a', 1.0E-7D, build$1$3_7); // $9", of().of(source));
    }

    @Test
    void filesAreRenamedWhereTheyAreAskedFor() throws RefusedException {
        resources.put("PMML$503353142.data", "PMML$503353142.data");
        assertEquals("open(\"PMML$1.data\", a$1)", of().of("open(\"PMML$503353142.data\", a$503353142)"));
        assertEquals(Map.of("PMML$503353142.data", "PMML$1.data"), resources);
    }

    @Test
    void textsAroundNamesAreRefused() {
        Rewriting rewriting = of("a");
        RefusedException refused = assertThrows(RefusedException.class, () -> rewriting.of("\"p(" + alias(0) + ")\""));
        assertEquals("untranslatable", refused.code);
    }

    @Test
    void otherLiteralsAreWhatTheyWere() throws RefusedException {
        String source = "f(\"\\u0041\\t\\101 caf\u00e9 \\\\ // {\", '\"', '\\'', /* \"x\" */ \"\")";
        assertEquals("f(\"A\\tA caf\\u00e9 \\\\ // {\", '\"', '\\'', /* \"x\" */ \"\")", of().of(source));
    }
}
