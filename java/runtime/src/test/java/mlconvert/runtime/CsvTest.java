package mlconvert.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CsvTest {
    private static Csv csv(String text) throws IOException {
        return new Csv(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
    }

    private static List<List<String>> records(String text) throws IOException {
        Csv csv = csv(text);
        List<List<String>> records = new ArrayList<>();
        while (csv.next()) {
            List<String> cells = new ArrayList<>();
            for (int i = 0; i < csv.cells; i++) {
                cells.add(csv.text(i));
            }
            records.add(cells);
        }
        return records;
    }

    @Test
    void readsRecords() throws IOException {
        assertEquals(List.of(), records(""));
        assertEquals(List.of(List.of("")), records("\n"));
        assertEquals(List.of(List.of("", "")), records(","));
        assertEquals(List.of(List.of("a", "b"), List.of("c", "")), records("a,b\nc,"));
        assertEquals(List.of(List.of("a", "b"), List.of("c")), records("a,b\r\nc\r\n"));
        assertEquals(List.of(List.of("a"), List.of(""), List.of("b")), records("a\r\rb\r"));
        assertEquals(List.of(List.of("", "x,\"y\"\r\nz", "")), records("\"\",\"x,\"\"y\"\"\r\nz\",\"\""));
        assertEquals(List.of(List.of("a\"b", " \"c\"")), records("a\"b, \"c\""));
        assertEquals(List.of(List.of("Z\u00fcrich", "\ud83d\ude00")), records("\uFEFFZ\u00fcrich,\ud83d\ude00"));
    }

    @Test
    void recordsMayBeLongerThanTheBuffer() throws IOException {
        Random random = new Random(1);
        List<List<String>> expected = new ArrayList<>();
        StringBuilder text = new StringBuilder();
        for (int r = 0; r < 200; r++) {
            List<String> cells = new ArrayList<>();
            for (int c = 0; c < 100; c++) {
                cells.add("\"x\n,\u00e9".repeat(random.nextInt(8)));
                text.append(c == 0 ? "" : ",").append('"').append(cells.get(c).replace("\"", "\"\"")).append('"');
            }
            expected.add(cells);
            text.append(random.nextBoolean() ? "\r\n" : "\n");
        }
        assertTrue(text.length() > 1 << 17);
        assertEquals(expected, records(text.toString()));
    }

    @ParameterizedTest
    @CsvSource({"0,0", "-0,-0.0", "12.50,12.5", "-.5,-0.5", "5.,5", "9007199254740989,9007199254740989", "'',NaN", "-,NaN", ".,NaN", "-.,NaN",
        "1.2.3,NaN", "1e5,NaN", "x,NaN", "' 1',NaN", "+1,NaN", "123456789012345678901234567890,NaN", "0.00000000000000000000001,NaN"})
    void readsShortNumbersByTheShortWay(String text, double value) throws IOException {
        Csv csv = csv("\"" + text + "\"");
        csv.next();
        assertEquals(value, csv.number(0));
    }

    @Test
    void theShortWayIsExact() throws IOException {
        Random random = new Random(2);
        for (int i = 0; i < 100_000; i++) {
            String text = java.math.BigDecimal.valueOf(random.nextLong() >> random.nextInt(60), random.nextInt(25)).toPlainString();
            Csv csv = csv(text);
            csv.next();
            double number = csv.number(0);
            assertTrue(Double.isNaN(number) || Double.doubleToLongBits(number) == Double.doubleToLongBits(Double.parseDouble(text)), text);
        }
    }
}
