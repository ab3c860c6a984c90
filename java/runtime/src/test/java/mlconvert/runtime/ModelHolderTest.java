package mlconvert.runtime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class ModelHolderTest {
    private static final int THREADS = 16;

    private static Sample sample(long seed) {
        return Made.sample(s -> { s.seed = seed; s.outputs = 3; s.link = "softmax"; s.labels = "\"a\",\"b\",\"c\""; s.trees = 60; });
    }

    @Test
    void everyAnswerIsFromOneModel() throws Exception {
        Sample sample = sample(1);
        Model[] models = {Model.load(sample.file()), Model.load(sample(2).file())};
        double[] rows = sample.rows(THREADS);
        ModelHolder holder = new ModelHolder(models[0]);
        AtomicBoolean done = new AtomicBoolean();
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try {
            List<Future<long[]>> counts = new ArrayList<>();
            for (int t = 0; t < THREADS; t++) {
                double[] row = Arrays.copyOfRange(rows, 5 * t, 5 * t + 5);
                counts.add(threads.submit(() -> score(holder, models, row, done)));
            }
            for (int swap = 1; swap <= 1000; swap++) {
                assertSame(models[(swap - 1) % 2], holder.swap(models[swap % 2]));
                Thread.sleep(0, 100_000);
            }
            done.set(true);
            for (Future<long[]> count : counts) {
                assertTrue(count.get()[0] > 0 && count.get()[1] > 0, "both models have answered every thread");
            }
        } finally {
            done.set(true);
            threads.shutdown();
        }
    }

    /** Asks until it is done, and counts which model has answered. */
    private static long[] score(ModelHolder holder, Model[] models, double[] row, AtomicBoolean done) {
        double[] first = models[0].predict(row, new double[3]);
        double[] second = models[1].predict(row, new double[3]);
        double[] found = new double[3];
        long[] count = new long[2];
        while (!done.get()) {
            holder.get().predict(row, found);
            boolean isFirst = Arrays.equals(first, found);
            count[isFirst ? 0 : 1]++;
            if (!isFirst) {
                assertArrayEquals(second, found);
            }
        }
        return count;
    }

    @Test
    void aModelOfAnotherSchemaIsNotTaken() {
        Model churn = Model.load(Made.churn());
        ModelHolder holder = new ModelHolder(churn);
        for (String[] change : new String[][] {{"\"age\"", "\"years\""}, {"\"yes\"", "\"maybe\""}, {"\"Rome\"", "\"Roma\""}}) {
            Model other = Model.load(Made.edited(Made.churn(), change[0], change[1]));
            String message = assertThrows(ModelException.class, () -> holder.swap(other)).getMessage();
            assertEquals("the new model has other columns or classes than the one in use", message);
            assertSame(churn, holder.get());
        }
        assertThrows(NullPointerException.class, () -> new ModelHolder(null));
        assertThrows(NullPointerException.class, () -> holder.swap(null));
    }
}
