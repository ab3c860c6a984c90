package mlconvert.runtime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Columns, and values given by name or as text. */
class SchemaTest {
    private final Schema schema = Model.load(Made.churn()).schema();

    private static Column column(String entry) {
        return new Column((Map<?, ?>) Json.parse(entry));
    }

    @Test
    void saysWhatGoesInAndWhatComesOut() {
        assertEquals(3, schema.columns().size());
        assertEquals("city", schema.columns().get(1).name());
        assertEquals("categorical", schema.columns().get(1).type());
        assertEquals(List.of("Bern", "Rome", "a, \"b\""), schema.columns().get(1).categories());
        assertNull(schema.columns().get(0).categories());
        assertTrue(schema.columns().get(0).takesMissing());
        assertEquals(1, schema.margins());
        assertEquals(2, schema.predictions());
        assertEquals(Made.CHURN.substring(0, Made.CHURN.indexOf(",\"labels\"")) + ",\"classes\":[\"no\",\"yes\"],\"margins\":1,"
                + "\"predictions\":2}", schema.toString());
        assertThrows(UnsupportedOperationException.class, () -> schema.columns().clear());
        assertThrows(UnsupportedOperationException.class, () -> schema.classes().clear());
        assertThrows(UnsupportedOperationException.class, () -> schema.columns().get(1).categories().clear());
    }

    @Test
    void aColumnThatIsNotThereIsNamed() {
        MissingColumnException error = assertThrows(MissingColumnException.class, () -> schema.row(Map.of("age", 1, "vip", 1)));
        assertEquals("city", error.column());
        assertEquals("column \"city\": it is not in the input", error.getMessage());
    }

    @Test
    void nullIsMissing() {
        Map<String, Object> values = new HashMap<>();
        values.put("age", null);
        values.put("city", null);
        values.put("vip", null);
        double nan = Double.NaN;
        assertArrayEquals(new double[] {nan, nan, nan}, schema.row(values));
    }

    @Test
    void errorsNameTheColumnAndTheValue() {
        UnknownCategoryException category =
                assertThrows(UnknownCategoryException.class, () -> schema.row(Map.of("age", 1, "vip", 1, "city", "Ro\nme")));
        assertEquals("column \"city\": \"Ro\\u000ame\" is none of the model's categories", category.getMessage());
        assertEquals("column \"city\": \"3\" is no category of this column",
                assertThrows(WrongTypeException.class, () -> schema.row(Map.of("age", 1, "vip", 1, "city", 3))).getMessage());
        assertEquals("column \"age\": \"old\" is no number",
                assertThrows(WrongTypeException.class, () -> schema.row(Map.of("age", "old", "vip", 1, "city", "Rome"))).getMessage());
        assertEquals("column \"vip\": \"2\" is no boolean",
                assertThrows(WrongTypeException.class, () -> schema.row(Map.of("age", 1, "vip", 2, "city", "Rome"))).getMessage());
    }

    @Test
    void twoColumnsOfOneNameCannotBeGivenByName() {
        Model model = Model.load(Made.edited(Made.churn(), "\"vip\"", "\"age\""));
        String message = assertThrows(ModelException.class, () -> model.row(Map.of("age", 1))).getMessage();
        assertEquals("two columns of the model are called \"age\"", message);
    }

    @Test
    void anyNumberIsANumber() {
        Column age = schema.columns().get(0);
        for (Object value : List.of(3, 3L, 3.0, 3f, (short) 3, (byte) 3, new java.math.BigDecimal("3.0"), java.math.BigInteger.valueOf(3))) {
            assertEquals(3, age.encode(value));
        }
        assertEquals(1, age.encode(true));
        assertTrue(Double.isNaN(age.encode(Float.NaN)));
        assertEquals(Double.NEGATIVE_INFINITY, age.encode(Double.NEGATIVE_INFINITY));
    }

    @Test
    void categoriesMayBeNumbersOrTruths() {
        Column numbers = column("{\"name\":\"n\",\"type\":\"categorical\",\"categories\":[10,2.5,-0.0]}");
        assertEquals(0, numbers.encode(10));
        assertEquals(0, numbers.encode(10.0));
        assertEquals(1, numbers.encode(2.5f));
        assertEquals(2, numbers.encode(0));
        assertEquals(0, numbers.parse("10"));
        assertEquals(0, numbers.parse(" 1e1"));
        assertThrows(UnknownCategoryException.class, () -> numbers.encode(11));
        assertThrows(UnknownCategoryException.class, () -> numbers.parse("ten"));
        assertThrows(UnknownCategoryException.class, () -> numbers.parse("nan"));
        assertThrows(WrongTypeException.class, () -> numbers.encode("10"));
        Column truths = column("{\"name\":\"t\",\"type\":\"categorical\",\"categories\":[false,true]}");
        assertEquals(1, truths.encode(true));
        assertEquals(0, truths.parse("False"));
        Column texts = column("{\"name\":\"s\",\"type\":\"categorical\",\"categories\":[\"10\",\"true\",\"nan\"]}");
        assertEquals(0, texts.parse("10"));
        assertEquals(1, texts.parse("true"));
        assertEquals(2, texts.parse("nan"));
        assertThrows(UnknownCategoryException.class, () -> texts.parse("10.0"));
    }

    @Test
    void codesAreTakenAsTheyAre() {
        Column codes = column("{\"name\":\"c\",\"type\":\"categorical\"}");
        assertEquals(7, codes.encode(7));
        assertEquals(7, codes.parse("7"));
        assertEquals("column \"c\": \"x\" is no category code", assertThrows(WrongTypeException.class, () -> codes.parse("x")).getMessage());
        assertThrows(WrongTypeException.class, () -> codes.encode(List.of()));
    }

    @ParameterizedTest
    @CsvSource({"1,1", "-1.5,-1.5", "+2,2", ".5,0.5", "5.,5", "1e3,1000", "1E-3,0.001", "' 7 ',7", "inf,Infinity", "-Infinity,-Infinity",
        "NaN,NaN", "nan,NaN", "true,1", "FALSE,0", "0.1,0.1", "4.9e-324,4.9e-324", "1e999,Infinity", "-0,-0.0"})
    void readsNumbersAsTheyAreWritten(String text, double value) {
        assertEquals(value, column("{\"name\":\"x\",\"type\":\"numeric\"}").parse(text));
    }

    @ParameterizedTest
    @ValueSource(strings = {"x", "1f", "1d", "0x1p3", "1,5", "1_000", "--1", "e5", ".", "-", "1e", " ", "NA", "None", "12 34", "٣"})
    void refusesWhatIsNoNumber(String text) {
        assertThrows(WrongTypeException.class, () -> column("{\"name\":\"x\",\"type\":\"numeric\"}").parse(text));
    }

    @Test
    void missingMayBeRefused() {
        for (String type : List.of("numeric\"", "boolean\"", "categorical\",\"categories\":[\"a\"]")) {
            Column column = column("{\"name\":\"x\",\"type\":\"" + type + ",\"missing\":\"refused\"}");
            assertFalse(column.takesMissing());
            assertThrows(MissingValueException.class, () -> column.encode(null));
            assertThrows(MissingValueException.class, () -> column.encode(Double.NaN));
            assertThrows(MissingValueException.class, () -> column.parse(""));
        }
        String message = assertThrows(MissingValueException.class,
                () -> column("{\"name\":\"x\",\"type\":\"numeric\",\"missing\":\"refused\"}").parse("nan")).getMessage();
        assertEquals("column \"x\": its value is missing, and the model takes no missing values", message);
    }
}
