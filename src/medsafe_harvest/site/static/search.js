"use strict";
// The search page: what is typed and chosen goes to the address, results come as you type.
(() => {
  const byId = (id) => document.getElementById(id);
  const input = byId("q");
  const list = byId("results");
  const status = byId("status");
  const more = byId("more");
  const FLAGS = { medical: "About medicine", published: "Published in a journal or at a meeting", code: "With code or data" };
  const PAGE = 40;
  const state = { topics: [], code: false, medical: false, published: false, from: 0, to: 0, sort: "best" };
  const boxes = new Map();
  // Where this page was left, on coming back to it.
  const left = history.state;
  let shown = left?.shown ?? PAGE;
  let found = null;

  function element(name, properties = {}, ...children) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  }

  function slugOf(topic) {
    return medsafe.about.topics[topic][0];
  }

  // The address ---------------------------------------------------------------------------

  function read() {
    const given = new URLSearchParams(location.search);
    const slugs = medsafe.about.topics.map(([slug]) => slug);
    input.value = given.get("q") ?? "";
    state.topics = given.getAll("t").map((slug) => slugs.indexOf(slug)).filter((one) => one >= 0);
    for (const flag of Object.keys(FLAGS)) {
      state[flag] = given.get(flag) === "1";
    }
    state.from = Number.parseInt(given.get("from"), 10) || 0;
    state.to = Number.parseInt(given.get("to"), 10) || 0;
    state.sort = given.get("sort") === "new" ? "new" : "best";
  }

  function write() {
    const said = new URLSearchParams();
    if (input.value) {
      said.set("q", input.value);
    }
    for (const topic of state.topics) {
      said.append("t", slugOf(topic));
    }
    for (const flag of Object.keys(FLAGS)) {
      if (state[flag]) {
        said.set(flag, "1");
      }
    }
    for (const end of ["from", "to"]) {
      if (state[end]) {
        said.set(end, state[end]);
      }
    }
    if (state.sort === "new") {
      said.set("sort", "new");
    }
    const text = said.toString();
    try {
      history.replaceState(null, "", text ? `?${text}` : location.pathname);
    } catch {
      // A page opened as a file may not change its address: the search works all the same.
    }
  }

  // The filters ---------------------------------------------------------------------------

  function checkbox(label, checked, change) {
    const box = element("input", { type: "checkbox", checked });
    const count = element("span", { className: "count" });
    const row = element("label", { className: "check" }, box, element("span", {}, label), count);
    box.addEventListener("change", () => {
      change(box.checked);
      refresh();
    });
    return { box, count, row };
  }

  function yearField(end, label) {
    const field = element("input", {
      type: "number", min: "1900", max: "2100", step: "1", inputMode: "numeric",
      value: state[end] || "",
    });
    field.addEventListener("input", () => {
      const year = Number.parseInt(field.value, 10);
      state[end] = year >= 1000 ? year : 0;
      refresh();
    });
    return element("label", {}, `${label} `, field);
  }

  function buildFilters() {
    const facets = byId("facets");
    facets.replaceChildren();
    boxes.clear();
    const flags = element("fieldset", {}, element("legend", {}, "Only"));
    for (const [flag, label] of Object.entries(FLAGS)) {
      const one = checkbox(label, state[flag], (on) => { state[flag] = on; });
      boxes.set(flag, one);
      flags.append(one.row);
    }
    const years = element("fieldset", { className: "years" }, element("legend", {}, "Year"));
    years.append(yearField("from", "from"), yearField("to", "to"));
    facets.append(flags, years);
    for (const [facet, label] of medsafe.about.facets) {
      const group = element("fieldset", {}, element("legend", {}, label));
      const own = medsafe.about.topics
        .map(([, name, of, count], topic) => ({ name, of, count, topic }))
        .filter((one) => one.of === facet)
        .sort((a, b) => b.count - a.count);
      for (const { name, topic } of own) {
        const one = checkbox(name, state.topics.includes(topic), (on) => {
          state.topics = state.topics.filter((other) => other !== topic);
          if (on) {
            state.topics.push(topic);
          }
        });
        boxes.set(topic, one);
        group.append(one.row);
      }
      facets.append(group);
    }
  }

  function showCounts() {
    for (const [key, { box, count, row }] of boxes) {
      const number = typeof key === "number" ? found.topics.get(key) ?? 0 : found.counts[key];
      count.textContent = number.toLocaleString("en");
      row.classList.toggle("none", !number && !box.checked);
    }
  }

  function showChosen() {
    const chosen = byId("chosen");
    chosen.replaceChildren();
    const drop = (label, act) => {
      const button = element("button", { type: "button", className: "chosen" }, label, " ×");
      button.setAttribute("aria-label", `Remove the filter ${label}`);
      button.addEventListener("click", () => {
        act();
        buildFilters();
        refresh();
        (chosen.firstChild ?? byId("filters").firstElementChild).focus();
      });
      chosen.append(button);
    };
    for (const topic of state.topics) {
      drop(medsafe.about.topics[topic][1], () => {
        state.topics = state.topics.filter((other) => other !== topic);
      });
    }
    for (const [flag, label] of Object.entries(FLAGS)) {
      if (state[flag]) {
        drop(label, () => { state[flag] = false; });
      }
    }
    if (state.from) {
      drop(`from ${state.from}`, () => { state.from = 0; });
    }
    if (state.to) {
      drop(`to ${state.to}`, () => { state.to = 0; });
    }
  }

  // The results ---------------------------------------------------------------------------

  /** Words to mark, longest first, as one pattern over the text as it is written. */
  function pattern() {
    const words = found.terms.filter((term) => !term.not).flatMap((term) => term.words.split(" "));
    for (const [, instead] of found.corrected) {
      words.push(...instead);
    }
    const good = words.flatMap(medsafe.spellings).filter((word) => word.length > 1).sort((a, b) => b.length - a.length);
    const safe = good.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    return safe.length ? new RegExp(`(?<![\\p{L}\\p{N}])(?:${safe.join("|")})`, "giu") : null;
  }

  function marked(text, mark) {
    const parts = [];
    let end = 0;
    for (const hit of mark ? text.matchAll(mark) : []) {
      parts.push(text.slice(end, hit.index), element("mark", {}, hit[0]));
      end = hit.index + hit[0].length;
    }
    return [...parts, text.slice(end)];
  }

  function isWeb(address) {
    return /^https?:\/\//i.test(address);
  }

  function card(paper, mark) {
    const link = element("a", { href: `papers/${paper.id}.html`, dir: "auto" }, ...marked(paper.title, mark));
    const item = element("li", {}, element("h2", {}, link));
    if (paper.withdrawn) {
      item.firstChild.append(" ", element("span", { className: "badge bad" }, "withdrawn"));
    }
    item.append(element("p", { className: "by", dir: "auto" }, ...marked(paper.authors, mark)));
    if (paper.summary) {
      item.append(element("p", { className: "summary", dir: "auto" }, ...marked(paper.summary, mark)));
    }
    const meta = element("p", { className: "meta" });
    for (const fact of [paper.year, paper.venue]) {
      if (fact) {
        meta.append(element("span", {}, String(fact)));
      }
    }
    if (paper.code && isWeb(paper.code[0])) {
      const code = element("a", { href: paper.code[0] }, paper.code[1]);
      meta.append(element("span", {}, code));
    }
    item.append(meta);
    const chips = element("ul", { className: "chips" });
    chips.setAttribute("aria-label", "Topics");
    for (const topic of paper.topics) {
      const [slug, label, facet] = medsafe.about.topics[topic];
      const one = element("a", { href: `topics/${slug}.html`, className: facet }, label);
      chips.append(element("li", {}, one));
    }
    if (paper.topics.length) {
      item.append(chips);
    }
    return item;
  }

  function said() {
    const number = found.places.length;
    const papers = `${number.toLocaleString("en")} paper${number === 1 ? "" : "s"}`;
    const instead = found.corrected.map(([word, words]) => ` “${word}” taken for ${words.join(", ")}.`);
    const of = `${medsafe.papers.length.toLocaleString("en")} of ${medsafe.about.papers.toLocaleString("en")}`;
    let part = "";
    if (medsafe.lost) {
      part = ` The index could not be loaded whole (${of}): reload the page to try again.`;
    } else if (medsafe.papers.length < medsafe.about.papers) {
      part = ` Still loading: ${of}.`;
    }
    return `${papers}.${instead.join("")}${part}${number || part ? "" : " Try fewer words or filters."}`;
  }

  function show() {
    const mark = pattern();
    const focused = list.contains(document.activeElement)
      ? document.activeElement.getAttribute("href") : null;
    list.replaceChildren(
      ...found.places.slice(0, shown).map((place) => card(medsafe.papers[place], mark)),
    );
    if (focused !== null) {
      const links = [...list.querySelectorAll("a")];
      links.find((link) => link.getAttribute("href") === focused)?.focus({ preventScroll: true });
    }
    list.setAttribute("aria-busy", String(!medsafe.complete));
    more.hidden = found.places.length <= shown;
    const words = said();
    if (status.textContent !== words) {
      status.textContent = words;
    }
  }

  function find() {
    found = medsafe.find(input.value, state);
    showCounts();
    show();
  }

  function refresh() {
    shown = PAGE;
    find();
    showChosen();
    write();
  }

  // Keys ----------------------------------------------------------------------------------

  function walk(event) {
    const links = [...list.querySelectorAll("h2 a")];
    const here = links.indexOf(document.activeElement);
    if (event.key === "Escape") {
      if (here >= 0) {
        input.focus();
      } else if (document.activeElement === input && input.value) {
        event.preventDefault();
        input.value = "";
        refresh();
      }
      return;
    }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") {
      return;
    }
    if (here < 0 && document.activeElement !== input) {
      return;
    }
    event.preventDefault();
    const to = here + (event.key === "ArrowDown" ? 1 : -1);
    if (to < 0) {
      input.focus();
    } else {
      links[Math.min(to, links.length - 1)]?.focus();
    }
  }

  // Beginning -----------------------------------------------------------------------------

  if (!medsafe.about) {
    byId("broken").hidden = false;
    return;
  }
  byId("finder").hidden = false;
  if (matchMedia("(max-width: 50rem)").matches) {
    byId("filters").open = false;
  }
  read();
  buildFilters();
  showChosen();
  byId("sort").value = state.sort;
  let timer = 0;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(refresh, medsafe.papers.length > 5000 ? 60 : 0);
  });
  byId("search-form").addEventListener("submit", (event) => {
    event.preventDefault();
    refresh();
    list.querySelector("h2 a")?.focus();
  });
  byId("sort").addEventListener("change", (event) => {
    state.sort = event.target.value;
    refresh();
  });
  more.addEventListener("click", () => {
    const first = shown;
    shown += PAGE;
    show();
    list.querySelectorAll("h2 a")[first]?.focus();
  });
  document.addEventListener("keydown", walk);
  addEventListener("popstate", () => {
    read();
    buildFilters();
    byId("sort").value = state.sort;
    find();
    showChosen();
  });
  let due = 0;
  addEventListener("pagehide", () => history.replaceState({ shown, scroll: scrollY }, ""));
  medsafe.changed = () => {
    // Drawing at each piece that arrives would take longer than the pieces.
    if (!found || medsafe.complete) {
      find();
      if (medsafe.complete && left && scrollY < left.scroll) {
        scrollTo(0, left.scroll);
      }
    } else {
      due ||= setTimeout(() => {
        due = 0;
        find();
      }, 250);
    }
  };
  addEventListener("load", () => medsafe.start()); // so that the page itself is not called loading
  if (!location.search && !matchMedia("(pointer: coarse)").matches) {
    input.focus();
  }
})();
