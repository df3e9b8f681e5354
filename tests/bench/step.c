/* A step of micrograd's demo by hand: MLP 2-16-16-1 with relu, the mean of the hinge
 * losses, 1e-4 times the sum of squares, its gradient, and SGD's update.
 *
 * Rows of data lie side by side (column by column), a block of them at a time, and so
 * every inner loop is over rows and becomes vector instructions. Sums over rows are kept
 * in LANES partial sums, since C does not let a compiler reorder additions.
 *
 * w: for each layer and neuron its weights, then its bias. */

#define LANES 8
#define HIDDEN 16
#define FIRST 3
#define SECOND (HIDDEN + 1)
#define SECOND_AT (HIDDEN * FIRST)
#define LAST_AT (SECOND_AT + HIDDEN * SECOND)
#define COUNT (LAST_AT + SECOND)
#define BLOCK 104 /* at most so many rows */

static double sum_of_products(const double *a, const double *b, int n) {
    double part[LANES] = {0};
    for (int i = 0; i < n; i += LANES)
        for (int l = 0; l < LANES; l++) part[l] += a[i + l] * b[i + l];
    double total = 0;
    for (int l = 0; l < LANES; l++) total += part[l];
    return total;
}

static double sum_of(const double *a, int n) {
    double part[LANES] = {0};
    for (int i = 0; i < n; i += LANES)
        for (int l = 0; l < LANES; l++) part[l] += a[i + l];
    double total = 0;
    for (int l = 0; l < LANES; l++) total += part[l];
    return total;
}

/* x: two columns of n numbers, y: one, n a multiple of LANES; weight: 1/rows, or 0 for
 * rows that only fill up. Returns the loss and adds nothing to what was in g. */
double value_and_gradient(const double *restrict w, const double *restrict x,
                          const double *restrict y, const double *restrict weight,
                          int n, double *restrict g) {
    static double h1[HIDDEN][BLOCK], h2[HIDDEN][BLOCK];
    static double d1[HIDDEN][BLOCK], d2[HIDDEN][BLOCK], d3[BLOCK], loss[BLOCK];
    for (int j = 0; j < HIDDEN; j++) {
        const double *v = w + j * FIRST;
        for (int r = 0; r < n; r++) {
            double z = v[2] + v[0] * x[r] + v[1] * x[n + r];
            h1[j][r] = z > 0 ? z : 0;
        }
    }
    for (int j = 0; j < HIDDEN; j++) {
        const double *v = w + SECOND_AT + j * SECOND;
        for (int r = 0; r < n; r++) {
            double z = v[HIDDEN];
            for (int i = 0; i < HIDDEN; i++) z += v[i] * h1[i][r];
            h2[j][r] = z > 0 ? z : 0;
        }
    }
    const double *v = w + LAST_AT;
    for (int r = 0; r < n; r++) {
        double z = v[HIDDEN];
        for (int i = 0; i < HIDDEN; i++) z += v[i] * h2[i][r];
        double margin = 1 - y[r] * z;
        loss[r] = margin > 0 ? margin * weight[r] : 0;
        d3[r] = margin > 0 ? -y[r] * weight[r] : 0;
    }
    for (int j = 0; j < HIDDEN; j++) {
        g[LAST_AT + j] = sum_of_products(d3, h2[j], n);
        for (int r = 0; r < n; r++) d2[j][r] = h2[j][r] > 0 ? d3[r] * v[j] : 0;
    }
    g[LAST_AT + HIDDEN] = sum_of(d3, n);
    for (int j = 0; j < HIDDEN; j++) {
        double *at = g + SECOND_AT + j * SECOND;
        for (int i = 0; i < HIDDEN; i++) at[i] = sum_of_products(d2[j], h1[i], n);
        at[HIDDEN] = sum_of(d2[j], n);
    }
    for (int i = 0; i < HIDDEN; i++) {
        for (int r = 0; r < n; r++) {
            double d = 0;
            for (int j = 0; j < HIDDEN; j++) d += w[SECOND_AT + j * SECOND + i] * d2[j][r];
            d1[i][r] = h1[i][r] > 0 ? d : 0;
        }
    }
    for (int j = 0; j < HIDDEN; j++) {
        g[j * FIRST] = sum_of_products(d1[j], x, n);
        g[j * FIRST + 1] = sum_of_products(d1[j], x + n, n);
        g[j * FIRST + 2] = sum_of(d1[j], n);
    }
    double total = sum_of(loss, n), squares = 0;
    for (int k = 0; k < COUNT; k++) {
        squares += w[k] * w[k];
        g[k] += 2e-4 * w[k];
    }
    return total + 1e-4 * squares;
}

double step(double *w, const double *x, const double *y, const double *weight, int n,
            double *g, double rate) {
    double loss = value_and_gradient(w, x, y, weight, n, g);
    for (int k = 0; k < COUNT; k++) w[k] -= rate * g[k];
    return loss;
}
