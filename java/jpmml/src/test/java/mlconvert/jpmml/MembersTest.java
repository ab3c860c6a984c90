package mlconvert.jpmml;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class MembersTest {
    private static final String USED = "    static void b$7() {\n        x(\"a$9 {\");\n    }\n";
    private static final String LAST = "    static final class C$3 {\n        static int f = g();\n        static void a$9() { // }\n        }\n    }\n";

    private static String file(String... members) {
        return "import java.util.List;\npublic class M extends P {\n    static final int[] N = {1, 2};\n    M() {\n        b$7(new C$3());\n    }\n"
                + String.join("", members) + "}\n";
    }

    @Test
    void membersFollowThoseThatMentionThem() {
        assertEquals(file(USED, LAST), Members.inOrder(file(LAST, USED)));
        assertEquals(file(USED, LAST), Members.inOrder(file(USED, LAST)));
    }

    @Test
    void membersOfMembersAreInOrder() {
        String one = "        static int e$1() {\n            return 1;\n        }\n";
        String two = "        static int d$2() {\n            return e$1();\n        }\n";
        String head = "    static final class C$3 {\n        int f() {\n            return d$2();\n        }\n";
        assertEquals(file(USED, head + two + one + "    }\n"), Members.inOrder(file(head + one + two + "    }\n", USED)));
    }

    @Test
    void whatSaysItsNameStaysWhereItIs() {
        String named = "    @Override\n    public final <V extends Number> void evaluate(List<V> x) {\n    }\n";
        assertEquals(file(named, USED, LAST), Members.inOrder(file(LAST, named, USED)));
    }

    @Test
    void nothingIsLost() {
        String forgotten = "    static void nobody$5() {\n    }\n";
        assertEquals(file(USED, LAST, forgotten), Members.inOrder(file(forgotten, USED, LAST)));
    }
}
