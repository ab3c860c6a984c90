package mlconvert.runtime;

import static mlconvert.runtime.EngineTest.bits;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelTest {
    private static Model model(Consumer<Sample.Shape> change) {
        return Model.load(Made.sample(change).file());
    }

    @Test
    void scoresAClassifierOfTwo() {
        Model model = Model.load(Made.churn());
        double[] row = {50, 1, 1};
        double p = 1 / (1 + StrictMath.exp(0.5));
        assertEquals(p, model.predict(row));
        assertArrayEquals(new double[] {1 - p, p}, model.predict(row, new double[2]));
        assertArrayEquals(new double[] {-0.5}, model.margin(row, new double[1]));
        assertArrayEquals(new int[] {1, 0, 1}, model.leaves(row, new int[3]));
        assertEquals("no", model.label(row));
        assertEquals("yes", model.label(new double[] {50, 1, Double.NaN}));
        assertEquals(List.of("no", "yes"), model.classes());
        assertEquals(3, model.trees());
    }

    @Test
    void everyFormGivesTheSame() {
        for (int outputs : new int[] {1, 3}) {
            Sample sample = Made.sample(s -> {
                s.outputs = outputs;
                s.link = outputs == 1 ? "sigmoid" : "softmax";
                s.labels = outputs == 1 ? "0,1" : "0,1,2";
            });
            Model model = Model.load(sample.file());
            double[] flat = sample.rows(37);
            int columns = sample.shape.columns;
            int predictions = model.schema().predictions();
            double[][] rows = new double[37][];
            double[] margins = new double[37 * outputs];
            double[] expected = new double[37 * predictions];
            for (int i = 0; i < rows.length; i++) {
                rows[i] = Arrays.copyOfRange(flat, i * columns, (i + 1) * columns);
                System.arraycopy(sample.margins(flat, i * columns), 0, margins, i * outputs, outputs);
                double[] one = model.predict(rows[i], new double[predictions + 1]);
                assertEquals(0, one[predictions]);
                System.arraycopy(one, 0, expected, i * predictions, predictions);
                assertArrayEquals(one, model.predictBatch(new double[][] {rows[i]})[0].length == predictions
                        ? Arrays.copyOf(model.predictBatch(new double[][] {rows[i]})[0], predictions + 1) : null);
                if (outputs == 1) {
                    assertEquals(one[1], model.predict(rows[i]));
                }
            }
            assertArrayEquals(bits(margins), bits(model.marginBatch(flat, new double[margins.length])));
            assertArrayEquals(bits(expected), bits(model.predictBatch(flat, new double[expected.length])));
            assertEquals(37, model.predictBatch(rows).length);
        }
    }

    @Test
    void leavesHaveTheSourcesNumbers() {
        Sample sample = Made.sample(s -> s.leafLabel = "listed");
        double[] row = sample.rows(1);
        int[] own = sample.leaves(row, 0);
        int first = 0;
        for (int tree = 0; tree < own.length; tree++) {
            own[tree] = sample.leafLabel[first + own[tree]];
            first += sample.treeLeaves[tree];
        }
        assertArrayEquals(own, Model.load(sample.file()).leaves(row, new int[own.length]));
    }

    @Test
    void leavesInPairsAreNumberedAsChildrenAre() {
        Sample sample = Made.sample(s -> { s.leafLabel = "pairs"; s.leaves = 2; s.trees = 1; s.seed = 3; });
        double[] row = sample.rows(1);
        int side = sample.leaves(row, 0)[0];
        assertEquals(1 + side, Model.load(sample.file()).leaves(row, new int[1])[0]);
    }

    @Test
    void oneValueNeedsOneMargin() {
        Model model = model(s -> s.outputs = 3);
        String message = assertThrows(IllegalStateException.class, () -> model.predict(new double[5])).getMessage();
        assertTrue(message.contains("3 margins"), message);
        assertThrows(IllegalStateException.class, () -> model.label(new double[5]));
    }

    @Test
    void arraysOfTheWrongLengthAreRefused() {
        Model model = model(s -> { });
        double[] row = new double[5];
        for (int length : new int[] {0, 4, 6, 10}) {
            assertThrows(IllegalArgumentException.class, () -> model.predict(new double[length]));
            assertThrows(IllegalArgumentException.class, () -> model.predict(new double[length], new double[1]));
            assertThrows(IllegalArgumentException.class, () -> model.margin(new double[length], new double[1]));
            assertThrows(IllegalArgumentException.class, () -> model.leaves(new double[length], new int[10]));
        }
        assertThrows(IllegalArgumentException.class, () -> model.predict(row, new double[0]));
        assertThrows(IllegalArgumentException.class, () -> model.margin(row, new double[0]));
        assertThrows(IllegalArgumentException.class, () -> model.leaves(row, new int[9]));
        assertThrows(IllegalArgumentException.class, () -> model.predictBatch(new double[7], new double[9]));
        assertThrows(IllegalArgumentException.class, () -> model.marginBatch(new double[10], new double[1]));
        assertEquals(0, model.predictBatch(new double[0], new double[0]).length);
    }

    @Test
    void missingValuesAreRefusedWhereTheLibraryRefusesThem() {
        Model model = Model.load(Made.edited(Made.churn(), "\"missing\":\"nan\"}", "\"missing\":\"refused\"}"));
        double[] row = {Double.NaN, 0, 0};
        double[] rows = {1, Double.NaN, 0, Double.NaN, 0, 0};
        MissingValueException error = assertThrows(MissingValueException.class, () -> model.predict(row));
        assertEquals("age", error.column());
        assertThrows(MissingValueException.class, () -> model.margin(row, new double[1]));
        assertThrows(MissingValueException.class, () -> model.leaves(row, new int[3]));
        assertThrows(MissingValueException.class, () -> model.predictBatch(rows, new double[4]));
        model.predict(new double[] {1, Double.NaN, 0});
    }

    @Test
    void scoringAllocatesNothing() {
        Model model = Model.load(Made.churn());
        double[] row = {50, 1, 0};
        double[] out = new double[2];
        com.sun.management.ThreadMXBean threads =
                (com.sun.management.ThreadMXBean) java.lang.management.ManagementFactory.getThreadMXBean();
        long id = Thread.currentThread().getId();
        model.predict(row, out);
        threads.getThreadAllocatedBytes(id);
        long before = threads.getThreadAllocatedBytes(id);
        for (int i = 0; i < 1000; i++) {
            model.predict(row, out);
            model.margin(row, out);
            model.predict(row);
        }
        assertTrue(threads.getThreadAllocatedBytes(id) - before < 1000, "a row should cost less than a byte");
    }

    @Test
    void loadsFromAFileAStreamAndBytes(@TempDir Path folder) throws IOException {
        byte[] jar = Made.jar("churn", Made.churn(), null);
        Path file = Files.write(folder.resolve("churn.jar"), jar);
        Path forest = Files.write(folder.resolve("churn.forest"), Made.churn());
        for (Model model : List.of(Model.load(file), Model.load(forest), Model.load(jar), Model.load(new ByteArrayInputStream(jar)))) {
            assertEquals(1.0, model.margin(new double[] {41, 0, 0}, new double[1])[0]);
        }
        assertThrows(IOException.class, () -> Model.load(folder.resolve("none")));
    }

    @Test
    void aRowByNameIsTheRow() {
        Model model = Model.load(Made.churn());
        Map<String, Object> values = Map.of("vip", true, "age", 41, "city", "Rome", "extra", "passed over");
        assertArrayEquals(new double[] {41, 1, 1}, model.row(values));
        assertEquals(model.predict(new double[] {41, 1, 1}), model.predict(values));
        assertSame(model.schema(), model.schema());
    }
}
