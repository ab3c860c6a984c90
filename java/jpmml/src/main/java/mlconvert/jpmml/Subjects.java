package mlconvert.jpmml;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;

/** The models that are open, by the numbers that {@link Open} gave them. */
final class Subjects {
    private final Map<Integer, Subject> open = new HashMap<>();
    private int last;

    int add(Subject subject) {
        open.put(++last, subject);
        return last;
    }

    Subject get(int number) throws RefusedException {
        Subject subject = open.get(number);
        if (subject == null) {
            throw new RefusedException("not-open", String.valueOf(number), "no model of this number is open");
        }
        return subject;
    }

    /** Forgets a model; one that is not open is forgotten already. */
    void remove(int number) throws IOException {
        Subject subject = open.remove(number);
        if (subject != null) {
            subject.close();
        }
    }
}
