package mlconvert.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Bytes that are no model give BrokenModelException and nothing else, soon and without much memory. */
class HostileTest {
    private static final com.sun.management.ThreadMXBean THREADS = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final long MOST_BYTES = 64 << 20;

    static Stream<byte[]> files() {
        Stream<Consumer<Sample.Shape>> shapes = Stream.of(
                s -> { s.decisions = Sample.ALL_DECISIONS; s.categorical = 2; s.linear = true; },
                s -> { s.outputs = 3; s.labels = "\"a\",1.5,true"; s.link = "softmax"; s.leaves = 70; s.leafLabel = "listed"; },
                s -> { s.outputs = 2; s.width = 2; s.sumsFloat = true; s.leaves = 3; s.leafLabel = "pairs"; });
        return Stream.concat(Stream.of(Made.churn()), shapes.map(shape -> Made.sample(shape).file()));
    }

    /** Loads the bytes and scores a row, if they are a model. */
    private static boolean tryOut(byte[] content) {
        long before = THREADS.getThreadAllocatedBytes(Thread.currentThread().getId());
        try {
            Model model = Model.load(content);
            Schema schema = model.schema();
            double[] row = new double[schema.columns().size()];
            model.predictBatch(row, new double[schema.predictions()]);
            model.leaves(row, new int[model.trees()]);
            return true;
        } catch (BrokenModelException e) {
            assertTrue(e.getMessage().startsWith("the model is broken: "), e.getMessage());
            return false;
        } catch (MissingValueException e) {
            return true;
        } finally {
            assertTrue(THREADS.getThreadAllocatedBytes(Thread.currentThread().getId()) - before < MOST_BYTES, "too much memory");
        }
    }

    @ParameterizedTest
    @MethodSource("files")
    void truncationsAreRefused(byte[] file) {
        for (int length = 0; length < file.length; length += length < 1000 ? 1 : 7) {
            byte[] content = Arrays.copyOf(file, length);
            assertThrows(BrokenModelException.class, () -> Model.load(content));
        }
    }

    @ParameterizedTest
    @MethodSource("files")
    void flippedBitsAreFoundByTheChecksum(byte[] file) {
        for (int i = 0; i < file.length; i += i < 1000 ? 1 : 7) {
            file[i] ^= 1 << i % 8;
            assertThrows(BrokenModelException.class, () -> Model.load(file));
            file[i] ^= 1 << i % 8;
        }
    }

    @ParameterizedTest
    @MethodSource("files")
    void whatPassesTheChecksumIsRefusedOrScores(byte[] file) {
        Random random = new Random(1);
        String header = Made.header(file);
        int refused = 0;
        for (int i = 0; i < 3000; i++) {
            byte[] changed = Arrays.copyOf(file, file.length - (random.nextInt(4) == 0 ? random.nextInt(file.length / 2) : 0));
            for (int flips = random.nextInt(3); flips >= 0; flips--) {
                boolean early = random.nextBoolean();
                int at = Math.min(changed.length - 1, 16 + random.nextInt(early ? header.length() : file.length - 16));
                changed[at] = (byte) (random.nextBoolean() ? changed[at] ^ 1 << random.nextInt(8) : random.nextInt());
            }
            refused += tryOut(sealed(changed)) ? 0 : 1;
        }
        assertTrue(refused > 1000, refused + " of 3000 are refused");
    }

    /** The bytes with a checksum that fits. */
    private static byte[] sealed(byte[] content) {
        int end = content.length - 4;
        java.util.zip.CRC32 checksum = new java.util.zip.CRC32();
        checksum.update(content, 0, end);
        for (int i = 0; i < 4; i++) {
            content[end + i] = (byte) (checksum.getValue() >>> 8 * i);
        }
        return content;
    }

    @ParameterizedTest
    @MethodSource("files")
    void numbersOutOfRangeAreRefused(byte[] file) {
        String header = Made.header(file);
        java.util.regex.Matcher number = java.util.regex.Pattern.compile("(?<=[:,])-?[0-9][0-9.eE+-]*(?=[,}\\]])").matcher(header);
        while (number.find()) {
            for (String by : "0 1 255 65536 2147483647 2147483648 4294967295 -1 1e308 9223372036854775808 1e400 NaN null {} []".split(" ")) {
                tryOut(Made.headed(file, header.substring(0, number.start()) + by + header.substring(number.end())));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "PK", "PK\3\4", "{}", "tree\nversion=v4\n"})
    void whatIsNoForestIsRefused(String text) {
        assertThrows(BrokenModelException.class, () -> Model.load(text.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1)));
    }

    @Test
    void jarsThatAreCutOrFlippedAreRefusedOrWhole() {
        byte[] jar = Made.jar("churn", Made.churn(), null);
        for (int i = 0; i < jar.length; i++) {
            tryOut(Arrays.copyOf(jar, i));
            jar[i] ^= 1 << i % 8;
            tryOut(jar);
            jar[i] ^= 1 << i % 8;
        }
    }

    @Test
    void aJarThatUnpacksToGigabytesIsRefused() {
        byte[] jar = Made.jar("churn", new byte[200 << 20], null);
        assertTrue(!tryOut(jar));
    }

    @Test
    void theHeaderMustBeTheFormats() {
        byte[] file = Made.churn();
        String[][] changes = {
            {"\"outputs\":1", "\"outputs\":3"}, {"\"outputs\":1", "\"outputs\":1048577"}, {"\"outputs\":1,", "\"outputs\":true,"},
            {"\"width\":1", "\"width\":2"}, {"\"read\":\"float64\"", "\"read\":\"float16\""}, {"\"zero\":0", "\"zero\":-1"},
            {"\"divisor\":1", "\"divisor\":0"}, {"\"divisor\":1", "\"divisor\":\"1\""}, {"\"scale\":1.0", "\"scale\":-1.0"},
            {",\"scale\":1.0", ""}, {"\"scale\":1.0", "\"scale\":1.0,\"offset\":1"}, {"sigmoid", "logit"}, {"\"sigmoid\"", "\"exp\""},
            {"{\"name\":\"sigmoid\",\"scale\":1.0}", "{\"name\":\"isolation\"}"}, {"\"missing\":\"nan\"}", "\"missing\":\"often\"}"},
            {"\"type\":\"boolean\"", "\"type\":\"text\""}, {"\"type\":\"boolean\"", "\"type\":\"boolean\",\"more\":1"},
            {"\"name\":\"age\"", "\"name\":1"}, {"\"name\":\"age\",", ""}, {"\"no\",\"yes\"", "\"no\",\"no\""}, {"\"no\",\"yes\"", "\"no\""},
            {"\"no\",\"yes\"", "\"no\",[]"}, {"\"labels\":[\"no\",\"yes\"],", "\"labels\":[\"no\",\"yes\"],\"label\":\"probability\","},
            {"\"labels\":[\"no\",\"yes\"],", "\"label\":\"margin\","}, {"\"source\":{\"format\":\"none\"}", "\"source\":{\"format\":[]}"},
            {"\"base_at\":\"start\",\"divisor\":1", "\"divisor\":1,\"base_at\":\"start\""}, {"\"outputs\"", "\"outputs\":1,\"outputs\""},
            {"\"leaf_label\":\"split\"", "\"leaf_label\":\"listed\""}, {"\"u1\",3],[\"threshold_count\"", "\"u1\",3.0],[\"threshold_count\""},
            {"[\"threshold\",\"f4\",2]", "[\"threshold\",\"u4\",2]"}, {"[\"set\",\"u4\",1]", "[\"set\",\"f4\",1]"},
            {"[\"split_leaf\",\"u1\",3],[\"column\",\"u1\",3]", "[\"column\",\"u1\",3],[\"split_leaf\",\"u1\",3]"},
            {"\"arrays\":[", "\"arrays\": ["}, {"none", "n\\qne"}, {"none", "n\u0001ne"}, {"\"zero\":0", "\"zero\":00"},
            {"\"zero\":0", "\"zero\":1e999"}, {"{\"format\":\"none\"}", "[".repeat(100_000)}, {"none", "n\\u+0ne"}, {"none", "\\u12"},
            {"\"default\":\"left\"},", "\"default\":\"left\",\"codes\":\"floor\"},"}, {"\"test\":\"in\"", "\"test\":\"<\""},
        };
        for (String[] change : changes) {
            byte[] edited = Made.edited(file, change[0], change[1]);
            assertThrows(BrokenModelException.class, () -> Model.load(edited), change[1]);
        }
        String[][] fine = {
            {"\"divisor\":1", "\"divisor\":2.5"}, {"\"labels\":[\"no\",\"yes\"],", "\"labels\":[1,1.0],\"label\":\"margin\","},
            {"\"labels\":[\"no\",\"yes\"],", "\"labels\":[false,true],\"label\":\"margin or zero\","}, {"\"labels\":[\"no\",\"yes\"],", ""},
            {"{\"name\":\"sigmoid\",\"scale\":1.0}", "{\"name\":\"isolation\",\"offset\":-0.5}"}, {"\"scale\":1.0", "\"scale\":1"},
            {"{\"name\":\"sigmoid\",\"scale\":1.0}", "{\"name\":\"step\"}"}, {"{\"name\":\"sigmoid\"", "{\"name\":\"softmax\""},
            {"\"missing\":\"nan\"}", "\"missing\":\"refused\"}"}, {"\"name\":\"age\"", "\"name\":\"\\u00c5ge \\\"\\\\\\/\\n\u00e5\ud83d\ude00\""},
        };
        for (String[] change : fine) {
            assertEquals(3, Model.load(Made.edited(file, change[0], change[1])).trees(), change[1]);
        }
    }

    @Test
    void aColumnIsComparedOrTestedNeverBoth() {
        byte[] file = Made.churn();
        byte[] arrays = Arrays.copyOfRange(file, 16 + Made.header(file).length(), file.length - 4);
        // counts of thresholds stand behind the 3 leaf counts: columns 0 and 2; now columns 0 and 1, which has a set
        arrays[4] = 1;
        arrays[5] = 0;
        String message = assertThrows(BrokenModelException.class,
                () -> Model.load(Sample.framed(Made.header(file), arrays))).getMessage();
        assertTrue(message.endsWith("a node names a threshold or set that there is not")
                || message.endsWith("a column has thresholds and sets"), message);
    }
}
