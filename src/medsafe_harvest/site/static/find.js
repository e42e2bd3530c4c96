"use strict";
// The search itself, without the page: papers come in shards, newest shard first; a query is matched
// against folded text, word by word, and what a word found is kept while one goes on typing. That is
// fast enough for 20,000 papers without an index.
const medsafe = (() => {
  const TITLE = 0, AUTHORS = 1, TOPICS = 2, VENUE = 3, SUMMARY = 4;
  // Points of a word that stands there whole, and of one that begins there.
  const WHOLE = [12, 8, 6, 5, 3];
  const BEGUN = [8, 5, 5, 4, 2];
  const MISSPELT = 0.5;
  const NAMED = 1000;
  // How an identifier begins: its papers are shown while it is being typed.
  const IDENTIFIER = /^(?:\d{4}\.\d|10\.\d{4,}\/|mh[a-z2-7]{3})/;
  // Terms that are looked at, of a whole abstract that was pasted; terms whose finds are kept.
  const MOST_TERMS = 25, MOST_KEPT = 40;
  const AT_ONCE = 4;

  const papers = [];
  const shards = new Map();
  // Word of a title, name or venue -> how often it is there.
  const vocabulary = new Map();
  // Patterns of British spellings and what to write instead; each word that was met -> American;
  // American word -> the British ones that were met.
  let rules = [];
  const spelt = new Map();
  const british = new Map();
  let about = null;
  // What each term found: {own: points of each paper, count, instead: words that it may mean}.
  let known = new Map();
  const waiting = new Set();

  /** Lower case, no accents, words between single spaces; "x-ray" is found as "xray" too. */
  function fold(text) {
    let folded = text.toLowerCase();
    if (/[^\x00-\x7f]/.test(folded)) {
      folded = folded.normalize("NFKD").replace(/\p{M}+/gu, "").replace(/ß/g, "ss")
        .replace(/[øö]/g, "o").replace(/ł/g, "l").replace(/æ/g, "ae");
    }
    folded = folded.replace(/\b([a-z0-9])-([a-z0-9]+)/g, "$1 $2 $1$2");
    return ` ${folded.replace(/[^\p{L}\p{N}]+/gu, " ").trim()} `;
  }

  /** A word as Americans spell it; the rules come with the index. */
  function american(word) {
    let known = spelt.get(word);
    if (known === undefined) {
      known = rules.reduce((text, [pattern, instead]) => text.replace(pattern, instead), word);
      spelt.set(word, known);
      if (known !== word) {
        british.set(known, [...(british.get(known) ?? []), word]);
      }
    }
    return known;
  }

  function inAmerican(folded) {
    return folded.split(" ").map(american).join(" ");
  }

  /** A text to search in: as it is written, for words that are being typed, and in American. */
  function searchable(text) {
    const folded = fold(text);
    const other = inAmerican(folded);
    return other === folded ? folded : `${folded}|${other}`;
  }

  /** The query as terms: {words: "conformal prediction", whole, not}. */
  function parse(query) {
    const terms = [];
    // A phone writes curly quotes.
    const straight = query.replace(/[\u201c-\u201f\u00ab\u00bb]/g, '"');
    for (const [, minus, quoted, bare] of straight.matchAll(/(?<!\S)([-\u2212])?(?:"([^"]*)"?|(\S+))/g)) {
      const text = (quoted ?? bare).toLowerCase();
      const words = inAmerican(fold(text.replace(/-/g, " "))).trim();
      if (words) {
        terms.push({ words, whole: quoted !== undefined, not: Boolean(minus), text });
      }
    }
    return terms.slice(0, MOST_TERMS);
  }

  function stem(words) {
    return words.length > 4 && words.endsWith("s") && !words.endsWith("ss")
      ? words.slice(0, -1) : words;
  }

  /** Points of one term in one paper; 0 where it is not there. */
  function points(paper, words, whole) {
    const exact = ` ${words} `;
    const begun = ` ${whole ? `${words} ` : stem(words)}`;
    if (!paper.all.includes(begun)) {
      return 0;
    }
    let best = 0;
    for (let field = 0; field < paper.text.length; field += 1) {
      const text = paper.text[field];
      if (text.includes(begun)) {
        best += text.includes(exact) ? WHOLE[field] : BEGUN[field];
      }
    }
    return best;
  }

  /** Which letters a word has, a bit each: words that are near have nearly the same. */
  function letters(word) {
    let bits = 0;
    for (let place = 0; place < word.length; place += 1) {
      bits |= 1 << (word.charCodeAt(place) % 31);
    }
    return bits;
  }

  function differing(bits) {
    let count = 0;
    for (let left = bits; left; left &= left - 1) {
      count += 1;
    }
    return count;
  }

  function learn(text) {
    for (const word of text.split(" ")) {
      if (word.length > 2) {
        vocabulary.set(word, (vocabulary.get(word) ?? 0) + 1);
      }
    }
  }

  /** Edits between two words (a swap of neighbours is one), or more than `most`. */
  function edits(one, other, most) {
    let before = [];
    let last = Array.from({ length: other.length + 1 }, (_, place) => place);
    for (let i = 1; i <= one.length; i += 1) {
      const row = [i];
      let least = i;
      for (let j = 1; j <= other.length; j += 1) {
        const same = one[i - 1] === other[j - 1];
        let cost = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1));
        if (i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]) {
          cost = Math.min(cost, before[j - 2] + 1);
        }
        row.push(cost);
        least = Math.min(least, cost);
      }
      if (least > most) {
        return most + 1;
      }
      before = last;
      last = row;
    }
    return last[other.length];
  }

  /** Words of the papers that a misspelt one may mean, the nearest and most frequent first. */
  function meant(word) {
    if (word.length < 4 || word.includes(" ")) {
      return [];
    }
    const most = word.length < 8 ? 1 : 2;
    const near = [];
    const bits = letters(word);
    for (const [other, count] of vocabulary) {
      // An edit changes two letters at most.
      if (Math.abs(other.length - word.length) <= most &&
          differing(letters(other) ^ bits) <= 2 * most) {
        const away = edits(word, other, most);
        if (away <= most) {
          near.push({ word: other, count, away });
        }
      }
    }
    near.sort((a, b) => a.away - b.away || b.count - a.count || (a.word < b.word ? -1 : 1));
    return near.filter((one) => one.away === near[0].away).slice(0, 4).map((one) => one.word);
  }

  function fits(paper, filters) {
    return (
      filters.topics.every((topic) => paper.topics.includes(topic)) &&
      (!filters.code || paper.code) &&
      (!filters.medical || paper.medical) &&
      (!filters.published || paper.published) &&
      (!filters.from || (paper.year && paper.year >= filters.from)) &&
      (!filters.to || (paper.year && paper.year <= filters.to))
    );
  }

  /** Points of an identifier in one paper, or of the beginning of one. */
  function named(paper, text) {
    if (paper.names.includes(text)) {
      return 2 * NAMED;
    }
    return IDENTIFIER.test(text) && paper.names.some((name) => name.startsWith(text)) ? NAMED : 0;
  }

  /** What one term finds in all papers. */
  function look(term) {
    const own = new Float64Array(papers.length);
    const add = (words, weight) => {
      let count = 0;
      for (let i = 0; i < papers.length; i += 1) {
        const value = named(papers[i], term.text) || weight * points(papers[i], words, term.whole);
        if (value > own[i]) {
          own[i] = value;
        }
        count += value > 0 ? 1 : 0;
      }
      return count;
    };
    let count = add(term.words, 1);
    const instead = count || term.not || term.whole ? [] : meant(term.words);
    for (const word of instead) {
      count += add(word, MISSPELT);
    }
    return { own, count, instead };
  }

  function looked(term) {
    const key = [term.text, term.whole, term.not].join("|");
    const found = known.get(key) ?? look(term);
    known.delete(key); // so that the one asked for last stands last
    known.set(key, found);
    if (known.size > MOST_KEPT) {
      known.delete(known.keys().next().value);
    }
    return found;
  }

  function scores(terms, corrected) {
    const total = new Float64Array(papers.length);
    for (const term of terms) {
      const { own, count, instead } = looked(term);
      if (instead.length) {
        corrected.push([term.words, instead]);
      }
      const rare = Math.log(1 + papers.length / (1 + count));
      for (let i = 0; i < papers.length; i += 1) {
        if (term.not ? own[i] > 0 : own[i] === 0) {
          total[i] = -Infinity;
        } else if (!term.not) {
          total[i] += own[i] * rare;
        }
      }
    }
    return total;
  }

  /** Places of the papers that fit, the best first, and how many of them each topic has. */
  function find(query, filters) {
    const terms = parse(query);
    const corrected = [];
    const total = scores(terms, corrected);
    const phrase = terms.filter((term) => !term.not).map((term) => term.words).join(" ");
    const places = [];
    const topics = new Map();
    const counts = { code: 0, medical: 0, published: 0 };
    for (let i = 0; i < papers.length; i += 1) {
      const paper = papers[i];
      if (total[i] === -Infinity || !fits(paper, filters)) {
        continue;
      }
      if (terms.length > 1 && paper.text[TITLE].includes(phrase)) {
        total[i] += 20;
      }
      places.push(i);
      for (const topic of paper.topics) {
        topics.set(topic, (topics.get(topic) ?? 0) + 1);
      }
      counts.code += paper.code ? 1 : 0;
      counts.medical += paper.medical ? 1 : 0;
      counts.published += paper.published ? 1 : 0;
    }
    const newer = (a, b) => papers[b].order - papers[a].order;
    places.sort(filters.sort === "new" || !phrase
      ? newer : (a, b) => total[b] - total[a] || newer(a, b));
    return { places, topics, counts, corrected, terms };
  }

  // Scripts run in the order in which they are asked for, a few are on their way at a time.
  let queue = [];
  let lost = false;
  function next() {
    while (queue.length && waiting.size < AT_ONCE) {
      const [file, version] = queue.shift();
      const script = document.createElement("script");
      script.async = false;
      script.src = `index/${file}?v=${version}`;
      script.addEventListener("error", () => {
        lost = true;
        arrived(file);
      });
      waiting.add(file);
      document.head.append(script);
    }
  }

  function arrived(file) {
    waiting.delete(file);
    known = new Map();
    next();
    medsafe.changed?.();
  }

  return {
    papers,
    find,
    /** Spellings of a word, to be marked. */
    spellings(word) { return [word, ...(british.get(word) ?? [])]; },
    changed: null,
    get about() { return about; },
    /** Whether a file could not be loaded. */
    get lost() { return lost; },
    get complete() { return !waiting.size && !queue.length; },
    /** What index/meta.js says; loading begins with the newest papers. */
    meta(value) {
      about = value;
      rules = value.spellings.map(([pattern, instead]) => [new RegExp(pattern, "g"), instead]);
      const newest = value.shards.map((versions, number) => [versions, number]).reverse();
      queue = [
        ...newest.map(([[core], number]) => [`core-${number}.js`, core]),
        ...newest.map(([[, text], number]) => [`text-${number}.js`, text]),
      ];
    },
    start: next,
    /** A shard: columns of papers. */
    core(number, columns) {
      const topics = about.topics.map(([, label]) => label);
      const shard = columns.id.map((id, row) => {
        const own = columns.topics[row];
        const title = columns.title[row];
        const venue = about.venues[columns.venue[row]] ?? "";
        const text = [
          searchable(title), searchable(columns.authors[row]),
          searchable(own.map((topic) => topics[topic]).join(" | ")), searchable(venue), " ",
        ];
        [TITLE, AUTHORS, VENUE].forEach((field) => learn(text[field]));
        return {
          id, title, venue,
          authors: columns.authors[row],
          year: columns.year[row],
          code: columns.code[row],
          names: [id, ...columns.names[row].split(" ")],
          topics: own,
          medical: Boolean(columns.flags[row] & 1),
          published: Boolean(columns.flags[row] & 2),
          withdrawn: Boolean(columns.flags[row] & 4),
          order: number * about.size + row,
          summary: "",
          text,
          all: text.join("|"),
        };
      });
      shards.set(number, shard);
      papers.push(...shard);
      arrived(`core-${number}.js`);
    },
    /** The summaries of a shard. */
    text(number, summaries) {
      shards.get(number)?.forEach((paper, row) => {
        paper.summary = summaries[row];
        paper.text[SUMMARY] = searchable(paper.summary);
        paper.all = paper.text.join("|");
      });
      arrived(`text-${number}.js`);
    },
  };
})();
