# Completion in a real PowerShell: load the script as a person would, and ask the shell what Tab would offer.
$ErrorActionPreference = 'Stop'
$folder = Join-Path ([System.IO.Path]::GetTempPath()) ([System.IO.Path]::GetRandomFileName())
New-Item -ItemType Directory $folder | Out-Null
$env:AWS_CONFIG_FILE = Join-Path $folder 'config'
$env:AWS_SHARED_CREDENTIALS_FILE = Join-Path $folder 'credentials'
$env:AWS_LOGIN_CACHE_DIRECTORY = Join-Path $folder 'cache'
Set-Content $env:AWS_CONFIG_FILE "[profile dev]`n[profile it's mine]`n"
daypass completion powershell | Out-String | Invoke-Expression

function Check([string]$line, [string[]]$expected) {
    $offered = [System.Management.Automation.CommandCompletion]::CompleteInput($line, $line.Length, $null)
    $found = @($offered.CompletionMatches | ForEach-Object { $_.CompletionText })
    if (Compare-Object $found $expected) {
        throw "$line`n  expected $($expected -join ', ')`n  found $($found -join ', ')"
    }
    Write-Host "ok  $line"
}

Check 'daypass log' @('login', 'logout')
Check 'daypass env --shell po' @('powershell')
Check 'daypass exec --profile ' @('dev', "'it''s mine'")
Check 'daypass server account l' @('list')
Remove-Item -Recurse $folder
