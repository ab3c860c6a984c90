package mlconvert.runtime;

import java.util.Map;
import java.util.Set;

/** How a node decides: it compares with a threshold, or asks whether a category is in a set. */
final class Decision {
    final boolean isMember;
    final boolean defaultLeft;
    /** What goes to the default: NaN, and for a comparison zero. */
    final boolean nanIsMissing;
    final boolean zeroIsMissing;
    /** Of a set: codes are rounded down, not toward zero. */
    final boolean floors;
    final boolean membersLeft;

    Decision(Map<?, ?> entry) {
        isMember = Header.isFirst(entry, "test", "in", "<=");
        Set<String> keys = isMember ? Set.of("test", "codes", "members", "default") : Set.of("test", "missing", "default");
        BrokenModelException.unless(entry.keySet().equals(keys), "a decision is not one of version 1");
        defaultLeft = Header.isFirst(entry, "default", "left", "right");
        String missing = isMember ? "nan" : Header.oneOf(entry, "missing", "nan", "zero", "none");
        nanIsMissing = !missing.equals("none");
        zeroIsMissing = missing.equals("zero");
        floors = isMember && Header.isFirst(entry, "codes", "floor", "truncate");
        membersLeft = isMember && Header.isFirst(entry, "members", "left", "right");
    }

    /** The category of a value that is not NaN; negative for what is a member of no set. */
    int category(double value) {
        return value < 0x1p31 ? (int) Math.max(-1, floors ? Math.floor(value) : value) : -1;
    }
}
