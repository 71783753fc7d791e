import { buildCommand } from "@stricli/core";
import { help } from "../help.ts";
import { type CliContext, type NoFlags, verb } from "../context.ts";

type Shell = "bash" | "zsh" | "fish";

export const command = buildCommand<NoFlags, [Shell], CliContext>({
  func: verb(completion),
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [{ parse: shell, brief: "bash, zsh or fish", placeholder: "SHELL" }],
    },
  },
  docs: help("Print a script that completes underpin's commands", [
    "source <(underpin completion bash)",
    "underpin completion fish > ~/.config/fish/completions/underpin.fish",
  ]),
});

function shell(name: string): Shell {
  if (name === "bash" || name === "zsh" || name === "fish") return name;
  throw new Error("the shells are bash, zsh and fish");
}

const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `_underpin() {
  local IFS=$'\\n'
  COMPREPLY=($("\${COMP_WORDS[0]}" __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1))
}
complete -o default -F _underpin underpin ./underpin`,
  zsh: `#compdef underpin
_underpin() {
  local -a found
  found=("\${(@f)$("\${words[1]}" __complete "\${(@)words[2,CURRENT]}" 2>/dev/null | sed 's/:/\\\\:/g; s/\\t/:/')}")
  _describe underpin found
}
compdef _underpin underpin ./underpin`,
  fish: `complete -c underpin -f -a '(set -l words (commandline -opc); $words[1] __complete $words[2..-1] (commandline -ct) 2>/dev/null)'`,
};

function completion(cli: CliContext, _flags: NoFlags, name: Shell): Promise<undefined> {
  cli.out(SCRIPTS[name]);
  return Promise.resolve(undefined);
}
