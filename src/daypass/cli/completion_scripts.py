"""One script per shell: hand the words over, show what comes back, leave files and other programs to the shell.

What comes back is never evaluated: profile names are the person's own words, and they may hold anything. bash's runs on
3.2 (macOS) too. PowerShell drops empty arguments before 7.3, so every script says how many words there are.
"""

__all__ = ["HOW_TO_INSTALL", "SCRIPTS"]

_BASH = r"""
# daypass: completion for bash.  Install: eval "$(daypass completion bash)" in ~/.bashrc
_daypass() {
    local program=${COMP_WORDS[0]/#\~/$HOME} current=${COMP_WORDS[COMP_CWORD]} kind='' line value
    local -a words
    words=("${COMP_WORDS[@]:1:COMP_CWORD}")
    COMPREPLY=()
    while IFS= read -r line; do
        if [ -z "$kind" ]; then
            kind=$line
            continue
        fi
        value=${line%%$'\t'*}
        case $current in
            [\"\']*) ;;  # inside a quote the shell takes it as it is
            *) printf -v value %q "$value" ;;
        esac
        COMPREPLY+=("$value")
    done < <("$program" __complete "${#words[@]}" "${words[@]}" 2>/dev/null)
    case $kind in
        :files) compopt -o default 2>/dev/null || _daypass_paths -f ;;
        :folders) compopt -o dirnames 2>/dev/null || _daypass_paths -d ;;
        :command*) _daypass_command "${kind#:command }" ;;
        *) compopt -o nosort 2>/dev/null ;;
    esac
    return 0
}
_daypass_paths() {
    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen "$1" -- "$current")
}
_daypass_command() {
    if declare -F _command_offset >/dev/null; then
        _command_offset $(($1 + 1))
    elif [ "$COMP_CWORD" -eq $(($1 + 1)) ]; then
        while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -c -- "$current")
    else
        compopt -o default 2>/dev/null || _daypass_paths -f
    fi
}
complete -F _daypass daypass
"""

_ZSH = r"""
#compdef daypass
# daypass: completion for zsh.  Install: eval "$(daypass completion zsh)" in ~/.zshrc, after compinit
_daypass() {
    local kind line tab=$'\t'
    local -a lines values shown asked
    local -i widest=0
    asked=("${(@Q)words[2,CURRENT]}")
    lines=("${(@f)$(command "${(Q)words[1]/#\~/$HOME}" __complete $#asked "${(@)asked}" 2>/dev/null)}")
    kind=$lines[1]
    shift lines
    case $kind in
        (:files) compset -P '*='; _files; return ;;
        (:folders) compset -P '*='; _files -/; return ;;
        (:command*)
            local -i skipped=$(( ${kind#:command } + 1 ))
            shift $skipped words
            (( CURRENT -= skipped ))
            _normal
            return ;;
    esac
    for line in $lines; do
        values+=("${line%%$tab*}")
        (( ${#values[-1]} > widest )) && widest=${#values[-1]}
    done
    for line in $lines; do
        if [[ $line == *$tab* ]]; then
            shown+=("${(r:widest:)${line%%$tab*}}  -- ${line#*$tab}")
        else
            shown+=("$line")
        fi
    done
    (( $#values )) && compadd -V daypass -l -d shown -a values
}
if [ "$funcstack[1]" = _daypass ]; then
    _daypass "$@"
elif (( $+functions[compdef] )); then
    compdef _daypass daypass
fi
"""

_FISH = r"""
# daypass: completion for fish.  Install: daypass completion fish > ~/.config/fish/completions/daypass.fish
function __daypass_complete
    set -l before (commandline -opc)
    set -l current (commandline -ct)
    set -l program (string replace -r '^~' $HOME -- $before[1])
    set -l asked $before[2..-1] "$current"
    set -l lines ($program __complete (count $asked) $asked 2>/dev/null)
    switch "$lines[1]"
        case :files
            __fish_complete_path "$current"
        case :folders
            __fish_complete_directories "$current"
        case ':command *'
            set -l first (math (string replace ':command ' '' -- $lines[1]) + 2)
            set -l others
            if test $first -le (count $before)
                set others (string escape -- $before[$first..-1])
            end
            complete -C (string join ' ' -- $others "$current")
        case '*'
            if test (count $lines) -gt 1
                printf '%s\n' $lines[2..-1]
            end
    end
end
complete -c daypass -e
complete -c daypass -f -k -a '(__daypass_complete)'
"""

_POWERSHELL = r"""
# daypass: completion for PowerShell.  Install: daypass completion powershell | Out-String | Invoke-Expression, in $PROFILE
Register-ArgumentCompleter -Native -CommandName 'daypass', 'daypass.exe' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements |
        Select-Object -Skip 1 |
        Where-Object { $_.Extent.StartOffset -lt $cursorPosition } |
        ForEach-Object { $_.Extent.Text })
    if ("$wordToComplete" -eq '') { $words += '' }
    $program = $commandAst.CommandElements[0].Extent.Text
    $lines = @(& $program __complete $words.Count @words 2>$null)
    if ($lines.Count -lt 2 -or $lines[0] -ne ':words') { return }
    foreach ($line in $lines[1..($lines.Count - 1)]) {
        $value, $told = $line -split "`t", 2
        if (-not $told) { $told = $value }
        $typed = $value
        if ($value -match '[^\w\-./:=@+]') { $typed = "'" + $value.Replace("'", "''") + "'" }
        [System.Management.Automation.CompletionResult]::new($typed, $value, 'ParameterValue', $told)
    }
}
"""

SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH, "powershell": _POWERSHELL}
"""Shell to script."""

HOW_TO_INSTALL = {
    "bash": "echo 'eval \"$(daypass completion bash)\"' >> ~/.bashrc",
    "zsh": "echo 'eval \"$(daypass completion zsh)\"' >> ~/.zshrc, after compinit",
    "fish": "daypass completion fish > ~/.config/fish/completions/daypass.fish",
    "powershell": "daypass completion powershell | Out-String | Invoke-Expression, in $PROFILE",
}
"""Shell to what to type, or where to put it."""
