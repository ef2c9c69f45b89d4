-- Pandoc filter: what the page uses of Quarto, for where Quarto cannot be had.
--
-- Callouts, tabsets, figure grids, and cross-references to figures and tables, in Quarto's own
-- syntax and with its class names, so that one style serves both. An unknown reference is an error.

local NBSP = "\u{a0}"
local NAMES = { fig = "Figure", tbl = "Table" }
local counts = { fig = 0, tbl = 0 }
local labels = {} -- identifier -> "Figure 1"
local tabsets = 0

local function html(text)
  return pandoc.RawBlock("html", text)
end

--- "Figure 1: " for a caption; the same numbers as Quarto's, in the order of the document.
local function number(identifier)
  local kind = identifier:match("^(%a+)%-")
  if not NAMES[kind] then return nil end
  if labels[identifier] then error("two elements are called " .. identifier) end
  counts[kind] = counts[kind] + 1
  labels[identifier] = NAMES[kind] .. NBSP .. counts[kind]
  return labels[identifier]
end

local function with_label(label, caption)
  local inlines = pandoc.utils.blocks_to_inlines(caption.long)
  table.insert(inlines, 1, pandoc.Str(label .. ": "))
  return { pandoc.Plain(inlines) }
end

local function figure(el)
  local label = number(el.identifier)
  if not label then return nil end
  el.classes:insert("quarto-float-fig")
  el.caption.long = with_label(label, el.caption)
  el.content = el.content:walk({
    Image = function(image)
      if image.attributes["fig-alt"] then
        image.caption = { pandoc.Str(image.attributes["fig-alt"]) }
        image.attributes["fig-alt"] = nil
      end
      el.classes:extend(image.classes) -- the style looks for them on the figure, as in Quarto
      image.classes = {}
      return image
    end,
  })
  el.content = { pandoc.Div(el.content, { class = "scroll" }) }
  return el
end

--- A table becomes a figure whose caption stands above, and whose body scrolls by itself.
local function tabular(el)
  el.colspecs = el.colspecs:map(function(spec) return { spec[1], nil } end)
  local label = number(el.identifier)
  if not label then return el end
  local caption = with_label(label, el.caption)
  local identifier = el.identifier
  el.identifier, el.caption = "", { long = {} }
  el.classes:insert("table")
  local blocks = pandoc.Blocks({
    html('<figure id="' .. identifier .. '" class="quarto-float-tbl">\n<figcaption>'),
  })
  blocks:extend(caption)
  blocks:insert(html('</figcaption>\n<div class="scroll">'))
  blocks:insert(el)
  blocks:insert(html("</div>\n</figure>"))
  return blocks
end

local function callout(div, kind)
  local title = div.attributes.title
  div.attributes.title = nil
  local content = div.content
  local heading
  if title then
    heading = { pandoc.Str(title) }
  elseif content[1] and content[1].t == "Header" then
    heading = content:remove(1).content
  else
    heading = { pandoc.Str(kind:sub(1, 1):upper() .. kind:sub(2)) }
  end
  div.classes = { "callout", "callout-" .. kind }
  div.attributes.role = "note"
  div.content = {
    pandoc.Div({ pandoc.Plain({ pandoc.Strong(heading) }) }, { class = "callout-header" }),
    pandoc.Div(content, { class = "callout-body" }),
  }
  return div
end

--- Tabs after the ARIA pattern; the script in pandoc.html moves them by click and arrow key.
local function tabset(div)
  tabsets = tabsets + 1
  local level, tabs = nil, {}
  for _, block in ipairs(div.content) do
    if block.t == "Header" and (level == nil or block.level == level) then
      level = block.level
      table.insert(tabs, { title = block.content, content = pandoc.Blocks({}) })
    elseif #tabs > 0 then
      tabs[#tabs].content:insert(block)
    end
  end
  local nav = pandoc.Inlines({ pandoc.RawInline("html", '<div class="nav-tabs" role="tablist">') })
  local panes = pandoc.Blocks({})
  for i, tab in ipairs(tabs) do
    local id = "tabset-" .. tabsets .. "-" .. i
    nav:insert(pandoc.RawInline("html", string.format(
      '<button type="button" class="nav-link%s" role="tab" id="%s-tab" aria-controls="%s" ' ..
      'aria-selected="%s" tabindex="%s">',
      i == 1 and " active" or "", id, id, i == 1 and "true" or "false", i == 1 and "0" or "-1")))
    nav:extend(tab.title)
    nav:insert(pandoc.RawInline("html", "</button>"))
    panes:insert(pandoc.Div(tab.content, pandoc.Attr(id,
      { "tab-pane", i == 1 and "active" or nil },
      -- pairs, since the order of a table's keys differs from run to run
      { { "role", "tabpanel" }, { "aria-labelledby", id .. "-tab" } })))
  end
  nav:insert(pandoc.RawInline("html", "</div>"))
  div.content = { pandoc.Plain(nav), pandoc.Div(panes, { class = "tab-content" }) }
  return div
end

local function division(div)
  for _, class in ipairs(div.classes) do
    local kind = class:match("^callout%-(%a+)$")
    if kind then return callout(div, kind) end
  end
  if div.classes:includes("panel-tabset") then return tabset(div) end
  local columns = div.attributes["layout-ncol"]
  if columns then
    div.attributes["layout-ncol"] = nil
    div.classes:insert("quarto-layout-panel")
    div.attributes.style = "--columns: " .. columns
    return div
  end
end

local function reference(cite)
  local inlines = pandoc.Inlines({})
  for i, citation in ipairs(cite.citations) do
    local label = labels[citation.id]
    if not label then error("no figure or table is called @" .. citation.id) end
    if i > 1 then inlines:insert(pandoc.Str(", ")) end
    inlines:insert(pandoc.Link(label, "#" .. citation.id, "", { class = "quarto-xref" }))
  end
  return inlines
end

function Pandoc(doc)
  -- Numbers first, in the order of the document; only then can a reference look ahead.
  doc.blocks = doc.blocks:walk({ traverse = "topdown", Figure = figure, Table = function(el)
    return tabular(el), false -- what is inside is done: the new blocks hold the same table
  end })
  doc.blocks = doc.blocks:walk({ Div = division })
  doc.blocks = doc.blocks:walk({ Cite = reference })
  return doc
end
