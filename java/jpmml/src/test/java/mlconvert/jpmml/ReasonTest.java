package mlconvert.jpmml;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.JsonObject;
import org.junit.jupiter.api.Test;

class ReasonTest {
    @Test
    void aRefusalKeepsItsCodeAndPlace() {
        JsonObject told = Reason.of(new RefusedException("bad-pmml", "Node 3", "it is broken"));
        assertEquals("bad-pmml", told.get("code").getAsString());
        assertEquals("Node 3", told.get("where").getAsString());
        assertEquals("it is broken", told.get("message").getAsString());
    }

    @Test
    void causesStandInOneLineOnceEach() {
        Throwable cause = new IllegalStateException("the field\n  x");
        JsonObject told = Reason.of(new RuntimeException(new RuntimeException("in short: the field\n  x", cause)));
        assertEquals("jpmml-refused", told.get("code").getAsString());
        assertEquals("RuntimeException: java.lang.RuntimeException: in short: the field x", told.get("message").getAsString());
    }

    @Test
    void aStackThatOverflowsIsSaid() {
        assertEquals("too-deep", Reason.of(new StackOverflowError()).get("code").getAsString());
    }
}
