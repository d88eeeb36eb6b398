#include "command_line/manual.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

#include "thrift/utf8.h"

namespace holdfast::command_line {
namespace {

// Text of a line: nothing in it is taken for a command of roff, and it is ASCII.
std::string escaped(std::string_view text) {
  std::string out;
  if (text.starts_with('.') || text.starts_with('\'')) out = "\\&";
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    if (point.value >= 0x80) {
      char code[16];
      std::snprintf(code, sizeof code, "\\[u%04X]", static_cast<unsigned>(point.value));
      out += code;
    } else if (text.front() == '\\') {
      out += "\\e";
    } else if (text.front() == '-') {
      out += "\\-";
    } else if (text.front() == '\'') {
      out += "\\(aq";
    } else {
      out += text.front();
    }
    text.remove_prefix(point.length == 0 ? 1 : point.length);
  }
  return out;
}

std::string bold(std::string_view text) {
  return "\\fB" + escaped(text) + "\\fR";
}

std::string italic(std::string_view text) {
  return "\\fI" + escaped(text) + "\\fR";
}

std::string file_name(const Page& page) {
  std::string out;
  for (const std::string& word : page.words) out += (out.empty() ? "" : "-") + word;
  return out;
}

std::string section_head(const std::string& heading) {
  return ".SH " + escaped(in_capitals(heading)) + "\n";
}

std::string options_text(const Page& page) {
  std::string out;
  for (const Option& option : page.options) {
    out += ".TP\n";
    std::string names;
    for (const std::string& name : option.names) {
      names += (names.empty() ? "" : ", ") + (option.is_positional ? italic(name) : bold(name));
    }
    if (!option.is_positional && !option.value.empty()) names += " " + italic(option.shown_value());
    out += names + "\n" + escaped(option.text) + ".\n";
    if (!option.standard.empty()) out += "Default: " + bold(option.standard) + ".\n";
    if (!option.environment.empty()) {
      out += "The environment variable " + bold(option.environment) + " stands in for it.\n";
    }
  }
  return out;
}

std::string verbatim(const Block& block) {
  std::string out = ".PP\n.nf\n.RS 4\n";
  for (const std::string& line : block.lines) {
    out += escaped(std::string_view(line).substr(line.find_first_not_of(' '))) + "\n";
  }
  return out + ".RE\n.fi\n";
}

std::string blocks_text(const std::vector<Block>& blocks) {
  std::string out;
  for (const Block& block : blocks) {
    if (block.kind == Block::Kind::kHeading) {
      out += section_head(block.lines.front());
    } else if (block.kind == Block::Kind::kVerbatim) {
      out += verbatim(block);
    } else {
      out += ".PP\n" + escaped(block.lines.front()) + "\n";
    }
  }
  return out;
}

std::string commands_text(const Page& page, int section) {
  std::string out;
  for (const Page* leaf : leaves(page)) {
    out += ".TP\n" + bold(leaf->name()) + "\n" + escaped(leaf->summary) + ".\nSee " +
           bold(file_name(*leaf)) + "(" + std::to_string(section) + ").\n";
  }
  return out;
}

ManualPage manual_page(const Page& page, const Page& program, const Manual& manual) {
  const std::string section = std::to_string(manual.section);
  const std::string name = file_name(page);
  const bool is_program = &page == &program;
  std::string out = ".TH \"" + escaped(in_capitals(name)) + "\" \"" + section + "\" \"\" \"" +
                    escaped(manual.title + " " + manual.version) + "\" \"" + escaped(manual.title) +
                    "\"\n.nh\n.ad l\n";
  out += section_head("Name") + escaped(name) + " \\- " + escaped(page.summary) + "\n";
  out += section_head("Synopsis") + bold(page.name()) +
         escaped(page.usage().substr(page.name().size())) + "\n";
  std::vector<Block> blocks = blocks_of(page.notes);
  std::size_t lead = 0;
  while (lead < blocks.size() && blocks[lead].kind != Block::Kind::kHeading) ++lead;
  out += section_head("Description") + escaped(page.summary) + ".\n";
  out += blocks_text({blocks.begin(), blocks.begin() + static_cast<std::ptrdiff_t>(lead)});
  if (!page.commands.empty()) out += section_head("Commands") + commands_text(page, manual.section);
  if (!page.options.empty()) out += section_head("Options") + options_text(page);
  if (!is_program) {
    out += ".PP\nThe options of every command are told in " + bold(file_name(program)) + "(" +
           section + ").\n";
  }
  out += blocks_text({blocks.begin() + static_cast<std::ptrdiff_t>(lead), blocks.end()});
  if (!is_program) {
    out += section_head("See also") + bold(file_name(program)) + "(" + section + ")\n";
  }
  return {.file = name + "." + section, .text = std::move(out)};
}

}  // namespace

std::vector<ManualPage> manual_pages(const Page& program, const Manual& manual) {
  std::vector<ManualPage> out = {manual_page(program, program, manual)};
  for (const Page* leaf : leaves(program)) {
    if (leaf != &program) out.push_back(manual_page(*leaf, program, manual));
  }
  return out;
}

bool write_manual(const Page& program, const Manual& manual, const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    std::fprintf(stderr, "%s: cannot make %s: %s\n", program.name().c_str(), folder.c_str(),
                 error.message().c_str());
    return false;
  }
  for (const ManualPage& page : manual_pages(program, manual)) {
    const std::string path = folder + "/" + page.file;
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << page.text;
    file.close();
    if (!file) {
      std::fprintf(stderr, "%s: cannot write %s\n", program.name().c_str(), path.c_str());
      return false;
    }
  }
  return true;
}

}  // namespace holdfast::command_line
