package mlconvert.runtime;

/** Walks node by node in the forest's own arrays, and takes any forest. */
final class PlainWalk extends Engine {
    PlainWalk(Forest forest) {
        super(forest);
    }

    @Override
    long tableBytes() {
        return 0;
    }

    @Override
    Scratch scratch() {
        return new Scratch(forest, 0, 0, 0);
    }

    @Override
    void walk(double[] x, int at, Scratch scratch) {
        read(x, at, scratch.v);
        for (int tree = 0; tree < forest.trees; tree++) {
            int place = forest.root(tree);
            while (place >= 0) {
                place = forest.goesLeft(place, scratch.v[forest.column[place]]) ? forest.left[place] : forest.right[place];
            }
            scratch.leaf[tree] = ~place;
        }
    }
}
