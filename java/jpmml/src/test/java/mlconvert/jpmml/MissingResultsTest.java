package mlconvert.jpmml;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class MissingResultsTest {
    @Test
    void aMissingValueIsAnswered() {
        assertEquals(
                "    return Collections.singletonMap(\"y\", ((value == null)?null:value.getValue()));\n",
                MissingResults.allowed("    return Collections.singletonMap(\"y\", value.getValue());\n"));
    }

    @Test
    void aMissingDistributionIsNotAskedForItsResult() {
        assertEquals(
                "    if (classification != null) {\n        TargetUtil.computeResult(DataType.STRING, classification);\n    }\n",
                MissingResults.allowed("    TargetUtil.computeResult(DataType.STRING, classification);\n"));
    }

    @Test
    void aChainEndsWhereAValueIsMissing() {
        String statement = "    Value<V> value$12 = evaluateSegmentation$34(valueFactory, arguments);\n";
        assertEquals(
                statement + "    if (value$12 == null) {\n        return null;\n    }\n", MissingResults.allowed(statement));
    }

    @Test
    void literalsAreLeftAlone() {
        String source = "    f(\"return Collections.singletonMap(\\\"y\\\", value.getValue());\");\n";
        assertEquals(source, MissingResults.allowed(source));
    }
}
