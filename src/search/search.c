// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements search_run: question → candidates by words and by meaning → each scored by its text and its vector → fused,
// reranked → snippets and the sharpest place.
#include "base/clock.h"
#include "search/moment.h"
#include "search/rerank.h"
#include "search/search.h"
#include "wire/json_in.h"
#include "wire/span_list.h"

#include <math.h>
#include <stdlib.h>

enum {
    SNIPPET_CHARS = 280,
    ROWS_SHARE = 3, // a row with as many words as a third of its table has is not told apart
    CANDIDATES = 100, // of each list, at least
    CANDIDATES_MAX = 300,
    HALF_LIFE_DAYS = 180, // of what is new
};

// Chosen over the open benchmarks together (docs/benchmarks.md); none of them is better with one list alone.
#define MEANING_WEIGHT 0.4
// What a late feature adds to the words' score at most.
#define CODES_BONUS 0.4
#define NEAR_BONUS 0.05
#define EXACT_BONUS 0.03
#define HEADING_BONUS 0.02
#define RECENCY_BONUS 0.3

// Weights of title, heading and text in BM25: a word in a heading tells more than one in a paragraph.
static const struct field_weights default_weights = { .title = 1.5, .heading = 2.0, .text = 1.0 };

// A stretch of speech is cut down to the words that were found.
static int cut_moment(const struct query *q, const struct element *e, struct arena *a,
    const char **place, struct error *err)
{
    AUTO_BUF json = BUF_INIT(4096);
    struct place p = e->place;

    if (!moment_find(e->text, e->times, &q->terms, p.seconds)) {
        return 0;
    }
    place_add_json(&json, &p);
    *place = arena_strndup(a, json.data ? json.data : "", json.len);
    return *place ? 0 : error_set(err, ERR_MEMORY, "The results did not fit into memory.");
}

// Which of several stretches holds most of the words; what is no heading is preferred.
struct sharpest {
    size_t best, terms;
};

static void look_at(
    struct sharpest *s, size_t i, struct slice text, bool heading, const struct query *q)
{
    size_t terms = 2 * snippet_count_terms(text, &q->terms) + !heading;

    if (terms > s->terms) {
        *s = (struct sharpest){ .best = i, .terms = terms };
    }
}

// The elements are read from the store where the chunk does not say where they begin in its text, and for speech, whose
// words have their own times.
static int sharpen_by_elements(struct store *store, const struct query *q, struct search_result *r,
    struct arena *a, struct error *err)
{
    struct element_row *rows = NULL;
    struct sharpest s = { 0 };
    size_t count = 0;
    int limit = (int)(r->hit.last_element - r->hit.first_element + 1);
    int rc = store_element_list(store, slice_of(r->hit.document_id), r->hit.first_element - 1,
        limit, a, &rows, &count, err);

    if (rc < 0) {
        return rc == ERR_NOT_FOUND ? 0 : rc;
    }
    for (size_t i = 0; i < count; i++) {
        const struct element *e = &rows[i].element;
        look_at(&s, i, e->text, e->kind == ELEMENT_HEADING || e->kind == ELEMENT_TITLE, q);
    }
    if (s.terms > 1) {
        r->place = rows[s.best].place_json;
        return cut_moment(q, &rows[s.best].element, a, &r->place, err);
    }
    return 0;
}

// *element: set to the one whose place it is, if that is known.
static bool sharpen_by_starts(
    const struct query *q, struct search_result *r, struct arena *a, int64_t *element)
{
    AUTO_JSON *starts = json_in_parse(slice_of(r->hit.starts), 2, NULL);
    AUTO_JSON *places = json_in_parse(slice_of(r->hit.places), JSON_IN_DEPTH, NULL);
    size_t count = json_array_size(starts);
    struct sharpest s = { 0 };

    if (count == 0 || count != json_array_size(places)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        int64_t from = json_integer_value(json_array_get(starts, i));
        int64_t to = i + 1 < count ? json_integer_value(json_array_get(starts, i + 1))
                                   : (int64_t)r->hit.text.len;
        bool heading = from < 0;
        from = from < 0 ? -1 - from : from;
        to = to < 0 ? -1 - to : to;
        if (from > to || to > (int64_t)r->hit.text.len) {
            return false;
        }
        look_at(&s, i, slice_make(r->hit.text.data + from, (size_t)(to - from)), heading, q);
    }
    if (s.terms > 1) {
        AUTO_FREE char *json =
            json_dumps(json_array_get(places, s.best), JSON_COMPACT | JSON_REAL_PRECISION(6));
        const char *place = json ? arena_strdup(a, json) : NULL;
        r->place = place ? place : r->place;
    }
    if (s.terms > 1 && (int64_t)count == r->hit.last_element - r->hit.first_element + 1) {
        *element = r->hit.first_element + (int64_t)s.best;
    }
    return true;
}

// Of a table on a page the row with most of the words, if it is one of few.
static bool best_row(
    const struct query *q, const struct element *e, struct slice shown, size_t *ret_line)
{
    struct slice rest = e->text, line;
    size_t most = 0, as_many = 0, lines = 0;

    for (; slice_cut(&rest, '\n', &line); lines++) {
        size_t terms = line.len ? snippet_count_terms(line, &q->terms) : 0;
        if (terms > most && memmem(shown.data, shown.len, line.data, line.len)) {
            most = terms;
            as_many = 0;
            *ret_line = lines;
        }
        as_many += most > 0 && terms == most;
    }
    return most > 0 && as_many * ROWS_SHARE < lines;
}

static int cut_row(struct store *store, const struct query *q, struct search_result *r,
    int64_t element, struct arena *a, struct error *err)
{
    AUTO_BUF json = BUF_INIT(4096);
    struct element_row *row = NULL;
    size_t count = 0, line = 0;
    float top = 0, bottom = 0;
    int rc = store_element_list(
        store, slice_of(r->hit.document_id), element - 1, 1, a, &row, &count, err);

    if (rc < 0) {
        return rc == ERR_NOT_FOUND ? 0 : rc;
    }
    if (count == 0 || row->element.kind != ELEMENT_TABLE || !row->element.place.has_box ||
        !best_row(q, &row->element, r->hit.text, &line) ||
        !row_at(row->element.rows, line, &top, &bottom)) {
        return 0;
    }
    row->element.place.box[1] = top;
    row->element.place.box[3] = bottom;
    place_add_json(&json, &row->element.place);
    r->place = arena_strndup(a, json.data ? json.data : "", json.len);
    return r->place ? 0 : error_set(err, ERR_MEMORY, "The results did not fit into memory.");
}

// The place of the element of the chunk with most of the words; a chunk of one element has nothing to choose.
static int sharpen_place(struct store *store, const struct query *q, struct search_result *r,
    struct arena *a, struct error *err)
{
    AUTO_BUF words = BUF_INIT(4096);
    struct place place = { 0 };
    int rc = store_hit_places(store, &r->hit, a, err);

    if (rc < 0) {
        return rc;
    }
    bool several = r->hit.first_element < r->hit.last_element;
    int64_t element = several ? -1 : r->hit.first_element;
    r->place = r->hit.place;
    bool spoken = r->hit.place && strstr(r->hit.place, "\"time\"");
    if (spoken || (several && !sharpen_by_starts(q, r, a, &element))) {
        rc = sharpen_by_elements(store, q, r, a, err);
    } else if (element >= 0 && strstr(r->place, "\"page\"") &&
               memmem(r->hit.text.data, r->hit.text.len, " | ", 3)) {
        rc = cut_row(store, q, r, element, a, err);
    }
    if (rc == 0 && place_parse_json(slice_of(r->place), a, &place) == 0) {
        place_add_words(&words, &place);
    }
    r->place_words = arena_strndup(a, words.data ? words.data : "", words.len);
    if (rc == 0 && !r->place_words) {
        rc = error_set(err, ERR_MEMORY, "The results did not fit into memory.");
    }
    return rc;
}

static int describe(struct store *store, const struct query *q, struct search_result *r,
    struct arena *a, struct error *err)
{
    AUTO_BUF snippet = BUF_INIT(64 * 1024);

    snippet_add(&snippet, r->hit.text, &q->terms, SNIPPET_CHARS);
    r->snippet = arena_strndup(a, snippet.data, snippet.len);
    if (!r->snippet) {
        return error_set(err, ERR_MEMORY, "The results did not fit into memory.");
    }
    return sharpen_place(store, q, r, a, err);
}

static bool over_share(
    const struct search_result *results, size_t count, const char *document_id, int max)
{
    int same = 0;

    for (size_t i = 0; max > 0 && i < count; i++) {
        same += strcmp(results[i].hit.document_id, document_id) == 0;
    }
    return max > 0 && same >= max;
}

// ---- candidates

struct candidate {
    struct chunk_hit hit;
    struct passage_score text;
    struct fused fused;
    double score, recency, rerank;
    size_t before; // place before reranking; 0: none was done
    float cosine;
};
struct run {
    struct store *store;
    const struct search_request *request;
    struct search_reply *reply;
    struct arena *arena;
    struct error *err;
    struct chunk_filter filter;
    struct query query;
    struct candidate *items;
    size_t count, room;
    float *vector; // of the question; NULL: no meaning
    double floor; // cosine of the last of the nearest
    double unlike; // a cosine below it says nothing
};

static struct search_tools tools;

void search_use(const struct search_tools *t)
{
    tools = *t;
}

const struct search_tools *search_tools(void)
{
    return &tools;
}

static int out_of_memory(struct error *err)
{
    return error_set(err, ERR_MEMORY, "The results did not fit into memory.");
}

static bool has(const struct run *r, int64_t chunk)
{
    for (size_t i = 0; i < r->count; i++) {
        if (r->items[i].hit.chunk_id == chunk) {
            return true;
        }
    }
    return false;
}

static void add_hits(struct run *r, const struct chunk_hit *hits, size_t count)
{
    for (size_t i = 0; i < count && r->count < r->room; i++) {
        r->items[r->count++] = (struct candidate){ .hit = hits[i], .cosine = NAN, .rerank = NAN };
    }
}

static int find_by_words(struct run *r, int limit)
{
    struct word_search w = { .match = slice_of(r->query.match),
        .weights = r->query.weights,
        .weight_count = r->query.weight_count,
        .fields = r->reply->weights,
        .rare = slice_of(r->query.rare),
        .both = slice_of(r->query.both),
        .rare_count = r->query.rare_count };
    struct chunk_hit *hits = NULL;
    size_t count = 0;
    int rc = r->query.match[0] ? store_rank_words(r->store, &w, &r->filter, limit, r->arena, &hits,
                                     &count, r->err)
                               : 0;

    add_hits(r, hits, rc == 0 ? count : 0);
    return rc;
}

// The question's vector, or a note why there is none.
static int embed_question(struct run *r)
{
    struct embedder_identity id;
    struct space_stats stats;
    struct error why = { 0 };

    if (!embedder_wanted(tools.embedder)) {
        r->reply->note = "No embedding model is configured: search is by words (BM25).";
        return 0;
    }
    int rc = store_space_stats(r->store, &stats, &why);
    rc = rc ? rc : embedder_identify(tools.embedder, &id, &why);
    if (rc < 0 || !stats.used) {
        r->reply->note = "The embedding model can't be used now: search is by words (BM25).";
        return 0;
    }
    r->unlike = id.unlike;
    r->vector = arena_array(r->arena, (size_t)id.dimension, sizeof(float));
    if (!r->vector) {
        return out_of_memory(r->err);
    }
    if (embedder_embed(tools.embedder, EMBED_QUERY, &r->query.plain, 1, r->vector, &why) < 0) {
        r->vector = NULL;
        r->reply->note = "The embedding model can't be used now: search is by words (BM25).";
    }
    return 0;
}

static int find_by_meaning(struct run *r, int limit)
{
    struct chunk_score *near = NULL;
    struct chunk_hit *hits = NULL;
    size_t count = 0, fresh = 0, loaded = 0;
    double share = 0;
    int rc = store_search_vectors(r->store, &r->query.stats, r->vector, &r->filter, limit, r->arena,
        &near, &count, &share, r->err);
    int64_t *ids = rc == 0 ? arena_array(r->arena, count + 1, sizeof(*ids)) : NULL;

    if (rc < 0 || !ids) {
        return rc ? rc : out_of_memory(r->err);
    }
    for (size_t i = 0; i < count; i++) {
        if (!has(r, near[i].chunk)) {
            ids[fresh++] = near[i].chunk;
        }
    }
    r->floor = count > 0 ? near[count - 1].score : 0;
    if (share < 0.98) {
        r->reply->note = "Vectors are still being made: what has none yet is found by words.";
    }
    rc = store_chunks_load(r->store, ids, fresh, &r->filter, r->arena, &hits, &loaded, r->err);
    add_hits(r, hits, rc == 0 ? loaded : 0);
    return rc;
}

static int add_cosines(struct run *r)
{
    int64_t *ids = arena_array(r->arena, r->count + 1, sizeof(*ids));
    float *cosines = arena_array(r->arena, r->count + 1, sizeof(*cosines));

    if (!ids || !cosines) {
        return out_of_memory(r->err);
    }
    for (size_t i = 0; i < r->count; i++) {
        ids[i] = r->items[i].hit.chunk_id;
    }
    int rc =
        store_vector_scores(r->store, &r->query.stats, r->vector, ids, r->count, cosines, r->err);
    for (size_t i = 0; rc == 0 && i < r->count; i++) {
        r->items[i].cosine = cosines[i];
    }
    return rc;
}

// ---- scores

static double recency_of(const struct run *r, const struct candidate *c)
{
    double days = (double)(clock_wall_ms() - c->hit.document_created_ms) / 86400000.0;

    if (r->request->recency <= 0) {
        return 1;
    }
    return 1 + r->request->recency * RECENCY_BONUS * exp2(-(days > 0 ? days : 0) / HALF_LIFE_DAYS);
}

static void score_texts(struct run *r)
{
    struct scorer *scorer = scorer_new(&r->query, r->reply->weights);
    size_t kept = 0;

    for (size_t i = 0; i < r->count; i++) {
        struct candidate *c = &r->items[kept];
        *c = r->items[i];
        c->text = scorer_score(scorer, &c->hit);
        kept += c->text.passes;
    }
    r->count = kept;
    scorer_free(scorer);
}

static double with_features(const struct passage_score *s)
{
    return s->words * (1 + CODES_BONUS * s->codes + NEAR_BONUS * s->near + EXACT_BONUS * s->exact +
                          HEADING_BONUS * s->heading);
}

// A passage without a word of the question must at least mean something like it: in a small library the nearest passage to
// a question about nothing that is there is near to nothing.
static void drop_unlike(struct run *r)
{
    size_t kept = 0;

    for (size_t i = 0; i < r->count; i++) {
        const struct candidate *c = &r->items[i];
        if (c->text.words > 0 || isnan(c->cosine) || c->cosine >= r->unlike) {
            r->items[kept++] = *c;
        }
    }
    r->count = r->vector ? kept : r->count;
}

static int score_all(struct run *r)
{
    struct fused *fused = arena_array(r->arena, r->count + 1, sizeof(*fused));
    bool meaning_only = r->request->mode == SEARCH_MEANING;

    if (!fused) {
        return out_of_memory(r->err);
    }
    for (size_t i = 0; i < r->count; i++) {
        fused[i] = (struct fused){ .words = with_features(&r->items[i].text),
            .meaning = r->vector ? r->items[i].cosine : NAN };
    }
    fuse(fused, r->count, r->floor, r->reply->meaning_weight);
    for (size_t i = 0; i < r->count; i++) {
        struct candidate *c = &r->items[i];
        c->fused = fused[i];
        c->recency = recency_of(r, c);
        double base = meaning_only ? c->cosine : r->vector ? fused[i].score : fused[i].words;
        c->score = (isnan(base) ? 0 : base) * c->recency;
    }
    return 0;
}

static int by_score(const void *x, const void *y)
{
    const struct candidate *a = x, *b = y;

    if (a->score != b->score) {
        return a->score < b->score ? 1 : -1;
    }
    return (a->hit.chunk_id > b->hit.chunk_id) - (a->hit.chunk_id < b->hit.chunk_id);
}

// The best are read once more together with the question, where there is a model for it. `items` are in order.
static int rerank(struct run *r)
{
    size_t count = r->count < tools.rerank_count ? r->count : tools.rerank_count;
    const struct chunk_hit **hits = arena_array(r->arena, count + 1, sizeof(struct chunk_hit *));
    double *scores = arena_array(r->arena, count + 1, sizeof(*scores));
    struct rerank_item *order = arena_array(r->arena, r->count + 1, sizeof(*order));
    struct candidate *sorted = arena_array(r->arena, r->count + 1, sizeof(*sorted));

    if (!hits || !scores || !order || !sorted) {
        return out_of_memory(r->err);
    }
    for (size_t i = 0; i < count; i++) {
        hits[i] = &r->items[i].hit;
    }
    r->reply->reranked =
        rerank_hits(&tools, r->query.plain, hits, count, r->arena, scores, &r->reply->rerank_note);
    if (r->reply->reranked == 0) {
        return 0;
    }
    for (size_t i = 0; i < r->count; i++) {
        struct candidate *c = &r->items[i];
        c->before = i + 1;
        c->rerank = i < count ? scores[i] : NAN;
        order[i] = (struct rerank_item){
            .rerank = c->rerank * c->recency, .before = i, .score = c->score
        };
    }
    rerank_order(order, r->count);
    for (size_t i = 0; i < r->count; i++) {
        sorted[i] = r->items[order[i].before];
        sorted[i].score = order[i].score;
    }
    r->items = sorted;
    return 0;
}

static bool wants_rerank(const struct run *r)
{
    return reranker_wanted(tools.reranker) && !r->request->no_rerank && !r->request->typing &&
           r->query.plain.len > 0 && r->count > 0;
}

static int give_results(struct run *r, size_t limit)
{
    struct search_reply *reply = r->reply;
    int rc = 0;

    reply->results = arena_array(r->arena, limit, sizeof(*reply->results));
    if (!reply->results) {
        return out_of_memory(r->err);
    }
    for (size_t i = 0; rc == 0 && i < r->count && reply->count < limit; i++) {
        const struct candidate *c = &r->items[i];
        if (over_share(
                reply->results, reply->count, c->hit.document_id, r->request->max_per_document)) {
            continue;
        }
        struct search_result *out = &reply->results[reply->count];
        out->hit = c->hit;
        out->hit.score = out->score = c->score;
        out->matched_terms = c->text.matched;
        out->parts = (struct score_parts){ .words = c->text.words,
            .words_share = c->fused.words_share,
            .meaning = c->cosine,
            .meaning_share = c->fused.meaning_share,
            .codes = c->text.codes,
            .near = c->text.near,
            .exact = c->text.exact,
            .heading = c->text.heading,
            .recency = c->recency,
            .rerank = c->rerank,
            .before = c->before };
        rc = describe(r->store, &r->query, out, r->arena, r->err);
        reply->count += rc == 0;
    }
    return rc;
}

static int check(const struct search_request *q, struct error *err)
{
    if (q->limit > SEARCH_LIMIT_MAX) {
        return error_set(err, ERR_INVALID, "limit can be at most %d.", SEARCH_LIMIT_MAX);
    }
    if (q->mode == SEARCH_MEANING && !embedder_wanted(tools.embedder)) {
        return error_set(err, ERR_UNSUPPORTED,
            "There is no model here that knows meaning; search by words or leave mode out.");
    }
    return 0;
}

static int find_candidates(struct run *r, int limit)
{
    const struct search_request *q = r->request;
    int wanted = q->max_per_document > 0 ? limit * 4 : limit * 2;
    bool meaning = q->mode == SEARCH_MEANING || (q->mode == SEARCH_HYBRID && !q->typing);

    wanted = wanted < CANDIDATES ? CANDIDATES : wanted > CANDIDATES_MAX ? CANDIDATES_MAX : wanted;
    r->room = 2 * (size_t)wanted;
    r->items = arena_array(r->arena, r->room, sizeof(*r->items));
    if (!r->items) {
        return out_of_memory(r->err);
    }
    int rc = q->mode == SEARCH_MEANING ? 0 : find_by_words(r, wanted);
    if (rc == 0 && meaning && r->query.plain.len) {
        rc = embed_question(r);
    }
    if (rc == 0 && r->vector) {
        rc = find_by_meaning(r, wanted);
        rc = rc ? rc : add_cosines(r);
    }
    if (rc == 0 && q->mode == SEARCH_MEANING && !r->vector) {
        rc = error_set(r->err, ERR_BUSY, "The embedding model can't be used now; search by words.");
    }
    return rc;
}

int search_run(struct store *store, const struct search_request *q, struct arena *a,
    struct search_reply *ret, struct error *err)
{
    int limit = q->limit > 0 ? q->limit : SEARCH_LIMIT_DEFAULT;
    struct slice partition = q->partition.len ? q->partition : SLICE_LIT("default");
    struct run *r = arena_alloc(a, sizeof(*r));
    struct query_options options = { .partition = partition, .typing = q->typing };

    *ret = (struct search_reply){
        .engine = "words", .weights = default_weights, .match = "", .meaning_weight = MEANING_WEIGHT
    };
    if (!r) {
        return out_of_memory(err);
    }
    *r = (struct run){ .store = store, .request = q, .reply = ret, .arena = a, .err = err };
    r->filter = (struct chunk_filter){ .partition = partition,
        .types = q->types,
        .type_count = q->type_count,
        .categories = q->categories,
        .category_count = q->category_count,
        .document_ids = q->document_ids,
        .document_id_count = q->document_id_count };
    int rc = check(q, err);
    rc = rc || !q->filter.len ? rc : filter_parse(q->filter, a, &r->filter, err);
    rc = rc ? rc : query_parse_for(store, q->query, &options, a, &r->query, err);
    if (rc < 0) {
        return rc;
    }
    ret->query = &r->query;
    ret->match = r->query.match;
    ret->term_count = r->query.term_count;
    rc = find_candidates(r, limit);
    if (rc < 0) {
        return rc;
    }
    ret->engine = !r->vector ? "words" : q->mode == SEARCH_MEANING ? "meaning" : "hybrid";
    score_texts(r);
    drop_unlike(r);
    rc = score_all(r);
    if (rc == 0) {
        qsort(r->items, r->count, sizeof(*r->items), by_score);
        rc = wants_rerank(r) ? rerank(r) : 0;
        rc = rc ? rc : give_results(r, (size_t)limit);
    }
    if (ret->rerank_note) {
        ret->note =
            ret->note ? arena_printf(a, "%s %s", ret->note, ret->rerank_note) : ret->rerank_note;
    }
    return rc;
}
